// What pages do beyond what they do without a script. Nothing is stored, and nothing is sent but
// the request for the neutral page, which holds nothing.
"use strict";

// What came by POST: without this the browser keeps what was sent, to send it again. At once,
// before anything else is read: so this script is loaded before the page.
if ("posted" in document.documentElement.dataset) {
  history.replaceState(null, "", location.href);
}

// Exit: by the button, by Shift three times, and in all tabs together.
// It behaves as https://design-system.service.gov.uk/components/exit-this-page/ does.
function watchExit(exit) {
  const said = document.getElementById("exit-said");
  const others = "BroadcastChannel" in window ? new BroadcastChannel("exit") : null;
  const leave = () => {
    document.title = "…";
    document.documentElement.replaceChildren();
    location.replace(exit.href);
  };
  const leaveEverywhere = () => {
    others?.postMessage("leave");
    leave();
  };
  others?.addEventListener("message", leave);
  exit.addEventListener("click", (event) => {
    event.preventDefault();
    leaveEverywhere();
  });
  // A page that the browser kept as it was when it was left has nothing on it.
  addEventListener("pageshow", (event) => {
    if (event.persisted && !document.body) {
      location.replace(exit.href);
    }
  });

  let presses = 0;
  let otherKey = false;
  let patience;
  const forget = () => {
    presses = 0;
    said.textContent = exit.dataset.over;
  };
  // A capital is no press of Shift, in whichever order its keys are let go.
  document.addEventListener("keydown", (event) => {
    otherKey = event.key !== "Shift" && event.shiftKey;
  });
  document.addEventListener("keyup", (event) => {
    if (event.key !== "Shift" || otherKey) {
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
  });
}

// What tells of a person, and is not needed.
const address = /[\w.+-]+@[\w-]+\.\w{2,}/u;
// Of passports and cards: letters and digits, such as AB 123456 or C01X00T47.
const papers =
  /\b(?:[A-Z]{1,3}[ -]?\d(?:[ -]?\d){5,8}|\d{7,8}[ -]?[A-Z]|[a-z]{1,3}\d{6,9}|(?![A-Z]+\d{4}\b)(?=(?:[A-Z]*\d){4})(?=(?:\d*[A-Z]){2})[A-Z\d]{8,10})\b/u;
// Digits that belong together, but not those of an amount after its comma.
const digits = /(?<![\p{Nd}.,])\+?\(?\p{Nd}[\p{Nd}\s().\/-]{4,}\p{Nd}/gu;
const years = /\b(?:1[89]|20)\d\d\s*[-–/]\s*(?:1[89]|20)?\d\d\b/gu;

// Phone numbers begin with + or 0, or are long: `resolution 1325 (2000)` is none.
function isPhone(text) {
  const plain = text.replace(/[^\p{Nd}+]/gu, "");
  return plain.length >= (/^[+0٠۰]/u.test(plain) ? 7 : 9);
}

function isTelling(text) {
  const plain = text.replace(years, ";");
  return address.test(text) || papers.test(plain) || (plain.match(digits) ?? []).some(isPhone);
}

// The box: Ctrl+Enter, a count, and a word when it seems to hold what is not needed.
function watchBox(box, exit) {
  const count = document.getElementById("count");
  const notice = document.getElementById("notice");
  const inWords = (number) => number.toLocaleString(document.documentElement.lang);
  const look = () => {
    const text = box.value;
    const words = text.trim() ? text.trim().split(/\s+/u).length : 0;
    count.textContent = count.dataset.one
      .replace("{words}", inWords(words))
      .replace("{left}", inWords(box.maxLength - text.length));
    const shown = isTelling(text) ? notice.dataset.said : "";
    if (notice.textContent !== shown) {
      notice.textContent = shown;
    }
  };
  box.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
      event.preventDefault();
      box.form.requestSubmit();
    }
  });
  box.addEventListener("input", look);
  // Kept by the browser from now on, so that Exit opens it without a network.
  box.addEventListener("focus", () => fetch(exit.href).catch(() => {}), { once: true });
  if (box.value) {
    look();
  }
}

// Buttons that do nothing without a script are hidden until then.
function showButtons() {
  for (const button of document.querySelectorAll("button.copy")) {
    button.hidden = !navigator.clipboard;
    button.addEventListener("click", async () => {
      await navigator.clipboard.writeText(button.previousElementSibling.textContent);
      button.textContent = button.dataset.copied;
    });
  }
  for (const button of document.querySelectorAll("button.print")) {
    button.hidden = false;
    button.addEventListener("click", () => print());
  }
}

document.addEventListener("DOMContentLoaded", () => {
  const exit = document.getElementById("exit");
  const box = document.getElementById("question");
  watchExit(exit);
  if (box) {
    watchBox(box, exit);
  }
  showButtons();
  // An answer or a problem is read first.
  document.querySelector(".problem, h2.verdict")?.focus();
});
