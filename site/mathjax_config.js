// MyST has set window.MathJax, and without its settings no formula is rendered: add to it.
window.MathJax = {
  ...window.MathJax,
  output: {
    fontPath: document.documentElement.dataset.content_root + "_static/mathjax/%%FONT%%-font",
    displayOverflow: "linebreak", // what is wider than a phone is broken, and keeps its number
  },
};
