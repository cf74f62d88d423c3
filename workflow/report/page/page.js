"use strict";

const full = document.getElementById("full");
const [image, title, save, larger] = ["img", "span", "a", "button"].map((part) => full.querySelector(part));

for (const button of document.querySelectorAll("button.picture")) {
  button.addEventListener("click", () => {
    const shown = button.querySelector("img");
    image.src = save.href = shown.src;
    image.alt = title.textContent = shown.alt;
    save.download = button.dataset.file;
    enlarge(narrow.matches);
    full.showModal();
  });
}

function enlarge(is) {
  full.classList.toggle("larger", is);
  larger.textContent = is ? "fit" : "larger";
}

larger.addEventListener("click", () => enlarge(!full.classList.contains("larger")));
image.addEventListener("click", () => enlarge(!full.classList.contains("larger")));

// Verdicts and outcomes, also with words after them.
for (const told of document.querySelectorAll("td, td strong, .doc p strong, .part p strong")) {
  const outcome = CLASSES[told.textContent.split(/ \(|, /)[0]];
  if (outcome) told.classList.add(outcome);
}

// In narrow windows parts of the class wide are folded, and the list of parts, which stands above them.
const nav = document.querySelector("nav");
const list = nav.querySelector("details");
const here = nav.querySelector(".here");
const narrow = matchMedia("(max-width: 900px)");
const fold = () => { list.open = !narrow.matches; };
const foldAll = () => {
  fold();
  for (const part of document.querySelectorAll("details.wide")) part.open = !narrow.matches;
};
narrow.addEventListener("change", foldAll);
foldAll();

// Everything at once: to read, and to print.
const parted = [...document.querySelectorAll("main details")];
const all = nav.querySelector(".all");
let before = null;
function unfoldAll() {
  if (before) return;
  before = parted.filter((part) => !part.open);
  for (const part of before) part.open = true;
}
function foldAgain() {
  for (const part of before ?? []) part.open = false;
  before = null;
}
all.addEventListener("click", () => {
  before ? foldAgain() : unfoldAll();
  all.textContent = before ? "Fold again" : "Unfold everything";
});
let printing = false;
addEventListener("beforeprint", () => {
  printing = !before;
  unfoldAll();
});
addEventListener("afterprint", () => { if (printing) foldAgain(); });

const links = [...nav.querySelectorAll("a")];
const parts = links.map((link) => document.getElementById(link.hash.slice(1)));

function mark() {
  // The last that begins in the upper quarter of the window, or above.
  const begun = parts.map((part) => part.getClientRects().length > 0 && part.getBoundingClientRect().top <= innerHeight / 4);
  const isEnd = scrollY > 0 && scrollY + innerHeight >= document.documentElement.scrollHeight - 2;
  const last = isEnd ? links.at(-1) : links[Math.max(0, begun.lastIndexOf(true))];
  if (last.ariaCurrent) return;
  for (const link of links) link.ariaCurrent = link === last ? "true" : null;
  here.textContent = last.textContent;
  if (!narrow.matches && (last.offsetTop < nav.scrollTop || last.offsetTop > nav.scrollTop + nav.clientHeight - 40)) {
    nav.scrollTop = last.offsetTop - nav.clientHeight / 2;
  }
}
let marking = 0;
addEventListener("scroll", () => {
  cancelAnimationFrame(marking);
  marking = requestAnimationFrame(mark);
});
mark();
list.addEventListener("click", (event) => { if (event.target.closest("a")) fold(); });

// A page within this one is as high as what it holds, also after something in it unfolds.
for (const frame of document.querySelectorAll("iframe")) {
  const follow = () => {
    const body = frame.contentDocument.body;
    new ResizeObserver(() => { frame.style.height = `${Math.ceil(body.getBoundingClientRect().height) + 2}px`; }).observe(body);
  };
  frame.addEventListener("load", follow);
  if (frame.contentDocument.readyState === "complete") follow();
}
