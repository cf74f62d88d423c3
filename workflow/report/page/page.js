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

// Verdicts and outcomes, also with words after them.
for (const told of document.querySelectorAll("td, td strong, .doc p strong")) {
  const outcome = CLASSES[told.textContent.split(/ \(|, /)[0]];
  if (outcome) told.classList.add(outcome);
}

// The list of parts is folded where it stands above them, and marks the part that is in view.
const nav = document.querySelector("nav");
const list = nav.querySelector("details");
const narrow = matchMedia("(max-width: 900px)");
const fold = () => { list.open = !narrow.matches; };
narrow.addEventListener("change", fold);
fold();
const links = [...nav.querySelectorAll("a")];
const parts = links.map((link) => document.getElementById(link.hash.slice(1)));

function mark() {
  // The last that begins in the upper quarter of the window, or above.
  const begun = parts.map((part) => part.getClientRects().length > 0 && part.getBoundingClientRect().top <= innerHeight / 4);
  const last = links[Math.max(0, begun.lastIndexOf(true))];
  if (last.ariaCurrent) return;
  for (const link of links) link.ariaCurrent = link === last ? "true" : null;
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
