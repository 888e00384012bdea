// What a script adds to the pages, all of which work without one. Nothing is stored, and the only
// request is for the neutral page, which carries no data.
"use strict";

// A page that answers a POST: without this the browser keeps the form data, to send it again. It
// must happen before the rest of the page is read, so this script is not deferred.
if ("posted" in document.documentElement.dataset) {
  history.replaceState(null, "", location.href);
}

// Exit: by the button or by pressing Shift three times, and in all tabs together.
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
  // A page that was left by Exit is empty if the browser restores it from its cache.
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
  // Typing a capital does not count as pressing Shift, whichever key is released first.
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

// Personal data that a question does not need.
const address = /[\w.+-]+@[\w-]+\.\w{2,}/u;
// Numbers of passports and identity cards, such as AB 123456 or C01X00T47.
const papers =
  /\b(?:[A-Z]{1,3}[ -]?\d(?:[ -]?\d){5,8}|\d{7,8}[ -]?[A-Z]|[a-z]{1,3}\d{6,9}|(?![A-Z]+\d{4}\b)(?=(?:[A-Z]*\d){4})(?=(?:\d*[A-Z]){2})[A-Z\d]{8,10})\b/u;
// Groups of digits, but not the decimals of an amount.
const digits = /(?<![\p{Nd}.,])\+?\(?\p{Nd}[\p{Nd}\s().\/-]{4,}\p{Nd}/gu;
const years = /\b(?:1[89]|20)\d\d\s*[-–/]\s*(?:1[89]|20)?\d\d\b/gu;

// Phone numbers begin with + or 0, or are long: `resolution 1325 (2000)` is not one.
function isPhone(text) {
  const plain = text.replace(/[^\p{Nd}+]/gu, "");
  return plain.length >= (/^[+0٠۰]/u.test(plain) ? 7 : 9);
}

function isTelling(text) {
  const plain = text.replace(years, ";");
  return address.test(text) || papers.test(plain) || (plain.match(digits) ?? []).some(isPhone);
}

// The question's box: Ctrl+Enter, a count, and a notice if it seems to hold personal data.
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
  // The browser caches it from now on, so that Exit works without a network.
  box.addEventListener("focus", () => fetch(exit.href).catch(() => {}), { once: true });
  if (box.value) {
    look();
  }
}

// Buttons that need a script are hidden until it runs.
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
  // Screen readers begin with the results or the error.
  document.querySelector(".problem, h2.verdict")?.focus();
});
