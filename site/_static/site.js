// What the theme and myst-nb leave undone for a keyboard and a screen reader.
document.querySelector("aside.sidebar-drawer")?.setAttribute("aria-label", "Chapters");
document.querySelector("aside.toc-drawer")?.setAttribute("aria-label", "On this page");
for (const summary of document.querySelectorAll("details.hide > summary")) summary.removeAttribute("aria-label");
function reachable() {
  for (const box of document.querySelectorAll("article pre, article p:has(> img), .table-wrapper, .image-reference, div.math"))
    if (box.scrollWidth > box.clientWidth + 1) box.tabIndex = 0;
}
addEventListener("load", () => window.MathJax?.startup?.promise?.then(reachable) ?? reachable());
addEventListener("resize", reachable);
document.addEventListener("toggle", reachable, true);
