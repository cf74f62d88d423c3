"use strict";

const full = document.getElementById("full");
const [image, title, save, larger] = ["img", "span", "a", "button"].map((part) => full.querySelector(part));

for (const button of document.querySelectorAll("button.picture")) {
  button.addEventListener("click", () => {
    const shown = button.querySelector("img");
    image.src = save.href = shown.src;
    image.alt = title.textContent = shown.alt;
    save.download = button.dataset.file;
    enlarge(false);
    full.showModal();
  });
}

function enlarge(is) {
  full.classList.toggle("larger", is);
  larger.textContent = is ? "fit" : "larger";
}

larger.addEventListener("click", () => enlarge(!full.classList.contains("larger")));
image.addEventListener("click", () => enlarge(!full.classList.contains("larger")));

const OUTCOMES = { holds: "good", fails: "bad", open: "open" };
for (const told of document.querySelectorAll("td, td strong")) {
  const outcome = OUTCOMES[told.textContent];
  if (outcome) told.classList.add(outcome);
}

// A page within this one is as high as what it holds, also after something in it unfolds.
for (const frame of document.querySelectorAll("iframe")) {
  const follow = () => {
    const body = frame.contentDocument.body;
    new ResizeObserver(() => { frame.style.height = `${body.scrollHeight + 50}px`; }).observe(body);
  };
  frame.addEventListener("load", follow);
  if (frame.contentDocument.readyState === "complete") follow();
}

// A link to what is folded unfolds it.
function unfold() {
  const target = location.hash && document.getElementById(decodeURIComponent(location.hash.slice(1)));
  if (!target) return;
  for (let part = target; part; part = part.parentElement) {
    if (part.tagName === "DETAILS") part.open = true;
  }
  target.scrollIntoView();
}
window.addEventListener("hashchange", unfold);
window.addEventListener("load", unfold);
