// What pages do beyond what they do without a script. Nothing is stored, and nothing is sent but
// the request for the neutral page, which holds nothing.
"use strict";

const form = document.getElementById("ask");
const box = document.getElementById("question");

// The answer came by POST: without this the browser keeps what was sent, to send it again.
if (form && "answered" in form.dataset) {
  history.replaceState(null, "", location.href);
}

// Exit: by the button, by Shift three times, and in all tabs together.
// It behaves as https://design-system.service.gov.uk/components/exit-this-page/ does.
const exit = document.getElementById("exit");
const said = document.getElementById("exit-said");
const others = "BroadcastChannel" in window ? new BroadcastChannel("exit") : null;

function leave() {
  document.title = "…";
  document.documentElement.replaceChildren();
  location.replace(exit.href);
}

function leaveEverywhere() {
  others?.postMessage("leave");
  leave();
}

let presses = 0;
let otherKey = false;
let patience;

function forget() {
  if (presses) {
    said.textContent = exit.dataset.over;
  }
  presses = 0;
}

function countShift(event) {
  if (event.key !== "Shift") {
    otherKey = event.shiftKey;
    return;
  }
  if (otherKey) {
    otherKey = false;
    return;
  }
  presses += 1;
  clearTimeout(patience);
  if (presses >= 3) {
    leaveEverywhere();
    return;
  }
  const left = 3 - presses;
  said.textContent = left === 1 ? exit.dataset.last : exit.dataset.more.replace("{count}", left);
  patience = setTimeout(forget, 5000);
}

if (exit) {
  exit.addEventListener("click", (event) => {
    event.preventDefault();
    leaveEverywhere();
  });
  document.addEventListener("keyup", countShift);
  others?.addEventListener("message", leave);
  // A page that the browser kept as it was when it was left has nothing on it.
  addEventListener("pageshow", (event) => {
    if (event.persisted && !document.body) {
      location.replace(exit.href);
    }
  });
}

// The box: Ctrl+Enter, a count, and a word when it seems to hold what is not needed.
const telling = [
  /[\w.+-]+@[\w-]+\.\w{2,}/u, // an e-mail address
  /(?:\+|\b00)?\p{Nd}[\p{Nd}\s().\/-]{6,}\p{Nd}/u, // a phone number
  /\b(?=[A-Z\d-]*\d{4})[A-Z]{1,3}-?\d[A-Z\d-]{4,}\b/u, // the number of a passport or a card
];
// Years, and spans of them, are no phone numbers.
const years = /\b(?:1[89]|20)\d\d\s*[-–/]\s*(?:1[89]|20)?\d\d\b/gu;

function look() {
  const text = box.value;
  const count = document.getElementById("count");
  const words = text.trim() ? text.trim().split(/\s+/u).length : 0;
  count.textContent = count.dataset.one
    .replace("{words}", words.toLocaleString(document.documentElement.lang))
    .replace("{left}", (box.maxLength - text.length).toLocaleString(document.documentElement.lang));
  const notice = document.getElementById("notice");
  const plain = text.replace(years, " ");
  const shown = telling.some((each) => each.test(plain)) ? notice.dataset.said : "";
  if (notice.textContent !== shown) {
    notice.textContent = shown;
  }
}

if (box) {
  box.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
      event.preventDefault();
      form.requestSubmit();
    }
  });
  box.addEventListener("input", look);
  // Kept by the browser from now on, so that Exit opens it without a network.
  box.addEventListener("focus", () => fetch(exit.href).catch(() => {}), { once: true });
  if (box.value) {
    look();
  }
}

// An answer or a problem is read first.
document.querySelector(".problem, h2.verdict")?.focus();

for (const button of document.querySelectorAll("button.copy")) {
  if (navigator.clipboard) {
    button.hidden = false;
    button.addEventListener("click", async () => {
      await navigator.clipboard.writeText(button.previousElementSibling.textContent);
      button.textContent = button.dataset.copied;
    });
  }
}
for (const button of document.querySelectorAll("button.print")) {
  button.hidden = false;
  button.addEventListener("click", () => print());
}
