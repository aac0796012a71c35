"use strict";
// Pan, zoom, choose, search. Texts of the graph reach the page as text only, never as markup.
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const at = (id) => document.getElementById(id);
  const canvas = at("canvas"), world = at("world"), panel = at("panel");
  const boxes = [], lines = [];
  for (const g of world.querySelectorAll(".node")) boxes[+g.dataset.n] = g;
  for (const g of world.querySelectorAll(".edge")) lines[+g.dataset.e] = g;
  const causes = data.nodes.map(() => []), effects = data.nodes.map(() => []);
  data.edges.forEach((edge, n) => { causes[edge.effect].push(n); effects[edge.cause].push(n); });

  // The view: a point of the canvas is scale * point of the drawing + (x, y).
  const size = { width: +canvas.dataset.width, height: +canvas.dataset.height };
  let view = { x: 0, y: 0, scale: 1 };
  const show = () => world.setAttribute("transform", `translate(${view.x} ${view.y}) scale(${view.scale})`);
  const fit = () => {
    const { clientWidth: w, clientHeight: h } = canvas;
    const scale = Math.min(1.25, (w - 48) / Math.max(size.width, 1), (h - 96) / Math.max(size.height, 1));
    view.scale = Math.max(scale, 0.02);
    view.x = (w - size.width * view.scale) / 2;
    view.y = (h - 24 - size.height * view.scale) / 2;
    show();
  };
  const zoom = (factor, x = canvas.clientWidth / 2, y = canvas.clientHeight / 2) => {
    const scale = Math.min(4, Math.max(0.02, view.scale * factor));
    view.x = x - (x - view.x) * scale / view.scale;
    view.y = y - (y - view.y) * scale / view.scale;
    view.scale = scale;
    show();
  };
  const bring = (n) => {
    const box = boxes[n].getBBox(), { clientWidth: w, clientHeight: h } = canvas;
    if (view.scale < 0.5) view.scale = 0.9;
    view.x = w / 2 - (box.x + box.width / 2) * view.scale;
    view.y = h / 2 - (box.y + box.height / 2) * view.scale;
    show();
  };
  const hidden = (n) => {
    const box = boxes[n].getBoundingClientRect(), frame = canvas.getBoundingClientRect();
    return box.left < frame.left || box.right > frame.right || box.top < frame.top || box.bottom > frame.bottom;
  };

  canvas.addEventListener("wheel", (event) => {
    event.preventDefault();
    const frame = canvas.getBoundingClientRect();
    zoom(Math.exp(-event.deltaY * (event.deltaMode ? 0.05 : 0.0015)), event.clientX - frame.left, event.clientY - frame.top);
  }, { passive: false });
  const fingers = new Map();
  let moved = 0;
  canvas.addEventListener("pointerdown", (event) => { fingers.set(event.pointerId, event); moved = 0; });
  addEventListener("pointermove", (event) => {
    const before = fingers.get(event.pointerId);
    if (!before) return;
    const dx = event.clientX - before.clientX, dy = event.clientY - before.clientY;
    moved += Math.abs(dx) + Math.abs(dy);
    if (fingers.size === 2) {
      const other = [...fingers.values()].find((f) => f.pointerId !== event.pointerId);
      const span = (f) => Math.hypot(f.clientX - other.clientX, f.clientY - other.clientY);
      const frame = canvas.getBoundingClientRect();
      zoom(span(event) / Math.max(span(before), 1), (event.clientX + other.clientX) / 2 - frame.left, (event.clientY + other.clientY) / 2 - frame.top);
    } else if (moved > 4) {
      canvas.classList.add("moving");
      view.x += dx; view.y += dy;
      show();
    }
    fingers.set(event.pointerId, event);
  });
  for (const end of ["pointerup", "pointercancel"]) {
    addEventListener(end, (event) => { fingers.delete(event.pointerId); canvas.classList.remove("moving"); });
  }

  // What is reached from a node, both ways; the edges on the way.
  const reached = (start, ways, end) => {
    const nodes = new Set([start]), edges = new Set(), waiting = [start];
    while (waiting.length) {
      for (const n of ways[waiting.pop()]) {
        edges.add(n);
        const next = data.edges[n][end];
        if (!nodes.has(next)) { nodes.add(next); waiting.push(next); }
      }
    }
    return { nodes, edges };
  };
  const light = (nodes, edges, after = new Set()) => {
    canvas.classList.toggle("lit", nodes !== null);
    boxes.forEach((box, n) => box.classList.toggle("near", nodes !== null && nodes.has(n)));
    lines.forEach((line, n) => {
      line.classList.toggle("near", nodes !== null && edges.has(n));
      line.classList.toggle("after", after.has(n));
    });
  };

  const made = (tag, text) => {
    const element = document.createElement(tag);
    if (text !== undefined) element.textContent = text;
    return element;
  };
  const plain = (value) => value === null ? "–" : String(value);
  const nested = (value) => value !== null && typeof value === "object";
  const list = (value, deep) => {
    const whole = made(Array.isArray(value) ? "ol" : "dl");
    for (const [key, item] of Object.entries(value)) {
      const row = Array.isArray(value) ? made("li") : null;
      if (nested(item)) {
        const more = made("details"), keys = Object.keys(item);
        more.open = deep < 1 && keys.length <= 8;
        const name = Array.isArray(value) ? (item.name ?? `${+key + 1}`) : key;
        more.append(made("summary", `${name} (${keys.length})`), list(item, deep + 1));
        (row ?? whole).append(more);
      } else if (row) {
        row.textContent = plain(item);
      } else {
        whole.append(made("dt", key), made("dd", plain(item)));
      }
      if (row) whole.append(row);
    }
    return whole;
  };
  const way = (heading, edges, end) => {
    if (!edges.length) return;
    at("ways").append(made("h3", heading));
    for (const n of edges) {
      const edge = data.edges[n], button = made("button", data.nodes[edge[end]].label + " ");
      const role = edge.role ? `, ${edge.role}` : "", other = edge.actual ? "" : ", not the one used here";
      button.type = "button";
      button.append(made("small", edge.relation + role + other));
      button.addEventListener("click", () => { choose(edge[end]); boxes[edge[end]].focus({ preventScroll: true }); });
      at("ways").append(button);
    }
  };

  let chosen = null;
  const choose = (n) => {
    if (chosen !== null) { boxes[chosen].classList.remove("chosen"); boxes[chosen].setAttribute("aria-pressed", "false"); }
    chosen = n;
    panel.hidden = n === null;
    if (n === null) { light(null); return; }
    boxes[n].classList.add("chosen");
    boxes[n].setAttribute("aria-pressed", "true");
    const up = reached(n, causes, "cause"), down = reached(n, effects, "effect");
    light(new Set([...up.nodes, ...down.nodes]), new Set([...up.edges, ...down.edges]), down.edges);
    const node = data.nodes[n];
    at("kind").textContent = node.kind;
    at("name").textContent = node.label;
    at("identity").textContent = node.id;
    at("facts").replaceChildren(list(node.facts, 0));
    at("ways").replaceChildren();
    way("Came from", causes[n], "cause");
    way("Led to", effects[n], "effect");
    panel.scrollTop = 0;
    if (hidden(n)) bring(n);
  };
  canvas.addEventListener("click", (event) => {
    if (moved > 4) return;
    const box = event.target.closest(".node");
    choose(box ? +box.dataset.n : null);
  });
  at("close").addEventListener("click", () => { const n = chosen; choose(null); if (n !== null) boxes[n].focus(); });

  const texts = data.nodes.map((node) => JSON.stringify([node.id, node.kind, node.label, node.facts]).toLowerCase());
  let hits = [], hit = -1;
  const search = () => {
    const words = at("search").value.toLowerCase().split(/\s+/).filter(Boolean).map((word) => JSON.stringify(word).slice(1, -1));
    choose(null);
    hit = -1;
    hits = words.length ? texts.flatMap((text, n) => words.every((word) => text.includes(word)) ? [n] : []) : [];
    at("found").textContent = words.length ? `${hits.length} found` : "";
    if (words.length) light(new Set(hits), new Set());
  };
  at("search").addEventListener("input", search);
  at("search").addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || !hits.length) return;
    hit = (hit + (event.shiftKey ? hits.length - 1 : 1)) % hits.length;
    choose(hits[hit]);
    bring(hits[hit]);
    at("found").textContent = `${hit + 1} of ${hits.length}`;
  });

  at("in").addEventListener("click", () => zoom(1.3));
  at("out").addEventListener("click", () => zoom(1 / 1.3));
  at("fit").addEventListener("click", fit);
  const turn = (n, key) => {
    if (key === "ArrowLeft") return causes[n].map((e) => data.edges[e].cause)[0];
    if (key === "ArrowRight") return effects[n].map((e) => data.edges[e].effect)[0];
    const here = boxes[n].getBBox(), sign = key === "ArrowDown" ? 1 : -1;
    const near = boxes.map((box, other) => [box.getBBox(), other]).filter(([box]) =>
      Math.abs(box.x + box.width / 2 - here.x - here.width / 2) < 130 && (box.y - here.y) * sign > 1);
    near.sort(([a], [b]) => (a.y - b.y) * sign);
    return near.length ? near[0][1] : undefined;
  };
  addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === "Escape") { at("search").value = ""; search(); return; }
    if (event.target === at("search")) return;
    const box = event.target.closest?.(".node");
    if (event.key === "/") { event.preventDefault(); at("search").focus(); }
    else if (event.key === "+" || event.key === "=") zoom(1.3);
    else if (event.key === "-") zoom(1 / 1.3);
    else if (event.key === "0") fit();
    else if (box && (event.key === "Enter" || event.key === " ")) { event.preventDefault(); choose(+box.dataset.n); }
    else if (box && event.key.startsWith("Arrow")) {
      event.preventDefault();
      const next = turn(+box.dataset.n, event.key);
      if (next !== undefined) { boxes[next].focus({ preventScroll: true }); if (hidden(next)) bring(next); }
    }
  });
  world.addEventListener("focusin", (event) => {
    const box = event.target.closest(".node");
    if (box && event.target.matches(":focus-visible") && hidden(+box.dataset.n)) bring(+box.dataset.n);
  });
  fit();
  // A large graph starts where the question was, not as a speck.
  if (data.roots.length && view.scale < 0.3) { view.scale = 0.8; bring(data.roots[0]); }
  const asked = data.nodes.findIndex((node) => "#" + encodeURIComponent(node.id) === location.hash);
  if (asked >= 0) choose(asked);
})();
