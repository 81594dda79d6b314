// The theme puts the button that copies a block into a landmark without a name: one for each block is no help to find one's way.
new MutationObserver(() => {
  let number = 0;
  for (const found of document.querySelectorAll("nav.md-code__nav")) {
    const label = `Block ${(number += 1)}`;
    if (found.getAttribute("aria-label") !== label) found.setAttribute("aria-label", label);
  }
}).observe(document.documentElement, { childList: true, subtree: true });
