"""The Dagster UI as an analyst meets it: lineage, a materialisation of everything, checks; in headless Chromium."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from selenium import webdriver
from selenium.webdriver.chrome.options import Options
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By

from orchestration.settings import PROJECT_ROOT
from tests.conftest import environment

CHROMIUM, DRIVER = shutil.which("chromium"), shutil.which("chromedriver")

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        not (CHROMIUM and DRIVER),
        reason="needs Chromium and its driver (Debian: apt-get install chromium chromium-driver)",
    ),
]


@dataclass(frozen=True)
class Ui:
    """A running `dagster dev` over a home of its own."""

    url: str
    home: Path
    seconds_to_ready: float

    def ask(self, query: str) -> dict[str, Any]:
        request = urllib.request.Request(
            f"{self.url}/graphql",
            data=json.dumps({"query": query}).encode(),
            headers={"Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=60) as answer:
            content: dict[str, Any] = json.loads(answer.read())["data"]
        return content


def wait_for(what: str, found: Callable[[], Any], seconds: float) -> Any:
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        try:
            if value := found():
                return value
        except OSError:
            pass
        time.sleep(1)
    raise AssertionError(f"{what} did not come within {seconds:.0f} s")


@pytest.fixture(scope="module")
def ui(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ui]:
    folder = tmp_path_factory.mktemp("ui")
    # The root's own configuration, with its storage in the temporary home.
    instance = (PROJECT_ROOT / "dagster.yaml").read_text().replace(".funnelhouse/dagster", str(folder / "dagster"))
    (folder / "dagster.yaml").write_text(instance)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    begun = time.monotonic()
    with (folder / "log").open("w") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "dagster", "dev", "-p", str(port)],
            cwd=PROJECT_ROOT,
            env=environment(folder / "home", DAGSTER_HOME=str(folder)),
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    url = f"http://127.0.0.1:{port}"
    try:
        wait_for("dagster dev", lambda: urllib.request.urlopen(f"{url}/server_info", timeout=5), 180)
        yield Ui(url, folder / "home", time.monotonic() - begun)
    finally:
        os.killpg(process.pid, signal.SIGINT)
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)


@pytest.fixture(scope="module")
def browser(ui: Ui, tmp_path_factory: pytest.TempPathFactory) -> Iterator[webdriver.Chrome]:
    options = Options()
    options.binary_location = str(CHROMIUM)
    for argument in [
        "--headless=new",
        "--no-sandbox",
        "--disable-gpu",
        "--disable-quic",
        "--no-first-run",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
        "--window-size=1900,1000",
    ]:
        options.add_argument(argument)
    options.add_argument(f"--user-data-dir={tmp_path_factory.mktemp('chromium')}")
    driver = webdriver.Chrome(options=options, service=Service(str(DRIVER)))
    yield driver
    driver.quit()


def text_of(browser: webdriver.Chrome) -> str:
    return browser.find_element(By.TAG_NAME, "body").text


def test_everything_is_materialised_from_the_lineage_and_checks_show(
    ui: Ui, browser: webdriver.Chrome, tmp_path: Path
) -> None:
    browser.get(f"{ui.url}/asset-groups")
    groups = ["extracts", "raw", "reference", "staging", "intermediate", "marts", "published"]
    wait_for("the lineage", lambda: all(group in text_of(browser) for group in groups), 60)

    [button] = [b for b in browser.find_elements(By.TAG_NAME, "button") if b.text.startswith("Materialize all")]
    button.click()

    def status() -> str:
        runs = ui.ask("{runsOrError{... on Runs{results{status}}}}")["runsOrError"]["results"]
        return str(runs[0]["status"]) if runs else "NONE"

    ended = wait_for("the run", lambda: (s := status()) in ("SUCCESS", "FAILURE", "CANCELED") and s, 400)
    assert ended == "SUCCESS"
    assert (ui.home / "published" / "marts.duckdb").exists()

    browser.get(f"{ui.url}/asset-groups")
    wait_for("the lineage", lambda: "published" in text_of(browser), 60)
    time.sleep(5)  # edges are drawn after the boxes
    browser.save_screenshot(str(tmp_path / "lineage.png"))
    browser.get(f"{ui.url}/assets/marts/fct_attribution_credits?view=checks")
    wait_for("the check", lambda: "credits_sum_to_1" in text_of(browser), 60)
    browser.save_screenshot(str(tmp_path / "checks.png"))
    assert (tmp_path / "lineage.png").stat().st_size > 20_000
