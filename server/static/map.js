// Moving and zooming the map in place. Without a script the links above it do the same.
"use strict";

const map = document.getElementById("map");
const size = Number(map?.dataset.size);
const nearest = size / 16;

if (map) {
  const points = [...map.querySelectorAll("a")].map((link) => {
    const mark = link.querySelector("use");
    const half = Number(mark.getAttribute("width")) / 2;
    const [x, y] = ["x", "y"].map((name) => Number(mark.getAttribute(name)) + half);
    return { link, mark, x, y };
  });
  const caption = document.getElementById("caption");
  let [left, top, side] = map.getAttribute("viewBox").split(" ").map(Number);

  const draw = () => {
    side = Math.min(Math.max(side, nearest), size);
    left = Math.min(Math.max(left, 0), size - side);
    top = Math.min(Math.max(top, 0), size - side);
    map.setAttribute("viewBox", `${left} ${top} ${side} ${side}`);
    const width = (Number(map.dataset.mark) * side) / size;
    for (const { mark, x, y } of points) {
      mark.setAttribute("x", x - width / 2);
      mark.setAttribute("y", y - width / 2);
      mark.setAttribute("width", width);
      mark.setAttribute("height", width);
    }
  };
  // Zoom by a factor, keeping one point of the drawing where it is.
  const zoom = (times, x = left + side / 2, y = top + side / 2) => {
    const before = side;
    side = Math.min(Math.max(side / times, nearest), size);
    left = x - ((x - left) * side) / before;
    top = y - ((y - top) * side) / before;
    draw();
  };
  const move = (right, down) => {
    left += (right * side) / 2;
    top += (down * side) / 2;
    draw();
  };
  const moves = {
    "+": () => zoom(2),
    "−": () => zoom(0.5),
    "←": () => move(-1, 0),
    "→": () => move(1, 0),
    "↑": () => move(0, -1),
    "↓": () => move(0, 1),
  };
  for (const link of document.querySelectorAll("[data-move]")) {
    link.addEventListener("click", (event) => {
      event.preventDefault();
      if (link.dataset.move === "⤢") {
        [left, top, side] = [0, 0, size];
        draw();
      } else {
        moves[link.dataset.move]();
      }
    });
  }

  // Keyboard: the map is one tab stop, arrows move from point to point.
  const tell = (link) => {
    caption.textContent = link ? link.querySelector("title").textContent : "";
  };
  const stop = (point) => {
    for (const each of points) {
      each.link.setAttribute("tabindex", each === point ? "0" : "-1");
    }
  };
  const show = (point) => {
    const edge = side / 10;
    left = Math.min(left, point.x - edge);
    left = Math.max(left, point.x + edge - side);
    top = Math.min(top, point.y - edge);
    top = Math.max(top, point.y + edge - side);
    draw();
  };
  const towards = (from, right, down) => {
    let best = null;
    let least = Infinity;
    for (const each of points) {
      const ahead = (each.x - from.x) * right + (each.y - from.y) * down;
      const aside = Math.abs((each.x - from.x) * down) + Math.abs((each.y - from.y) * right);
      const far = ahead + 2 * aside;
      if (each !== from && ahead > 0 && far < least) {
        [best, least] = [each, far];
      }
    }
    return best;
  };
  const arrows = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
  stop(points[0]);
  // Not on the map itself, because Chromium would then make it a tab stop of its own.
  map.parentElement.addEventListener("focusin", (event) => {
    const link = event.target.closest("#map a");
    tell(link);
    // Clear of the caption, which sticks to the window's lower edge.
    const under = link ? `${caption.offsetHeight + 16}px` : "";
    document.documentElement.style.scrollPaddingBlockEnd = under;
    // Chromium does not scroll to elements inside an SVG.
    link?.scrollIntoView({ block: "nearest" });
  });
  map.addEventListener("pointerover", (event) => tell(event.target.closest("a")));
  map.addEventListener("keydown", (event) => {
    const here = points.find((each) => each.link === document.activeElement);
    if (!here || event.ctrlKey || event.metaKey || event.altKey) {
      return;
    }
    if (event.key in arrows) {
      const next = towards(here, ...arrows[event.key]);
      if (next) {
        stop(next);
        show(next);
        next.link.focus({ preventScroll: true });
      }
    } else if (event.key === "+" || event.key === "=") {
      zoom(2, here.x, here.y);
    } else if (event.key === "-") {
      zoom(0.5, here.x, here.y);
    } else if (event.key === "0") {
      [left, top, side] = [0, 0, size];
      draw();
    } else {
      return;
    }
    event.preventDefault();
  });

  // Mouse: drag to move; after a click the wheel zooms, before it the wheel scrolls the page.
  const placeOf = (event) => {
    const frame = map.getBoundingClientRect();
    const unit = side / Math.min(frame.width, frame.height);
    return [
      left + side / 2 + (event.clientX - frame.left - frame.width / 2) * unit,
      top + side / 2 + (event.clientY - frame.top - frame.height / 2) * unit,
      unit,
    ];
  };
  let entered = false;
  let held = null;
  let dragged = false;
  map.classList.add("live");
  map.addEventListener("pointerdown", (event) => {
    entered = true;
    dragged = false;
    held = event.button === 0 && event.pointerType === "mouse" ? [event.clientX, event.clientY] : null;
  });
  addEventListener("pointermove", (event) => {
    if (!held) {
      return;
    }
    const [, , unit] = placeOf(event);
    const [x, y] = [event.clientX - held[0], event.clientY - held[1]];
    if (dragged || Math.hypot(x, y) > 4) {
      dragged = true;
      left -= x * unit;
      top -= y * unit;
      held = [event.clientX, event.clientY];
      draw();
    }
  });
  addEventListener("pointerup", () => {
    held = null;
  });
  map.addEventListener("dragstart", (event) => event.preventDefault());
  // A drag that ends on a point does not open it.
  map.addEventListener("click", (event) => dragged && event.preventDefault(), true);
  map.addEventListener("pointerleave", () => {
    entered = entered && held !== null;
  });
  map.addEventListener(
    "wheel",
    (event) => {
      if (entered) {
        event.preventDefault();
        const [x, y] = placeOf(event);
        zoom(event.deltaY < 0 ? 1.25 : 0.8, x, y);
      }
    },
    { passive: false },
  );
}
