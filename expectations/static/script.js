// Two behaviours of Data Docs: "failed only", and the collapses that Great Expectations writes.
document.addEventListener("change", (event) => {
  if (event.target.id === "only-failed") document.body.classList.toggle("only-failed", event.target.checked);
});
document.addEventListener("click", (event) => {
  const toggle = event.target.closest('[data-toggle="collapse"]');
  if (!toggle) return;
  event.preventDefault();
  const id = toggle.dataset.target || toggle.getAttribute("href");
  document.querySelectorAll(id).forEach((element) => element.classList.toggle("show"));
});
