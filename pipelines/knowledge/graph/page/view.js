// What a hand does: search, filters, pointer, keyboard; the address holds what is chosen, so that "back" goes back.
const find = document.getElementById("find"), found = document.getElementById("found"), hint = document.getElementById("hint");
const FOUND_LISTED = 30;
const entityPlaces = new Map(entities.map(({ id }, place) => [id, place]));
const communityPlaces = new Map(communities.map(({ id }, place) => [id, place]));

function go(kind, id) {
  const wanted = kind ? `#${kind}=${encodeURIComponent(id)}` : "#";
  // In a sandboxed frame, as MLflow shows the page, there is no address to go to: what is chosen is shown all the same.
  try { if (location.hash !== wanted && (kind || location.hash)) history.pushState(null, "", wanted); } catch { /* no history */ }
  choose(kind, id);
}
function follow() {
  const [kind, id] = location.hash.slice(1).split("=");
  try { choose(kind, decodeURIComponent(id ?? "")); } catch { choose("", ""); } // an address that somebody cut
}
function choose(kind, id) {
  chosen.entity = kind === "entity" ? entityPlaces.get(id) ?? -1 : -1;
  chosen.community = kind === "community" ? communityPlaces.get(id) ?? -1 : -1;
  const within = panel.contains(document.activeElement);
  again();
  panel.scrollTop = 0;
  if (within) panel.focus({ preventScroll: true }); // the button that was pressed is gone
  if (panel.getBoundingClientRect().top < 0) panel.scrollIntoView(); // on a phone the panel stands below the map
  bringIntoView();
}
function again() {
  if (chosen.entity >= 0) showEntity(chosen.entity);
  else if (chosen.community >= 0) showCommunity(chosen.community);
  else showWhole();
  draw();
}
function bringIntoView() {
  if (chosen.community >= 0) {
    const one = communities[chosen.community], [left, top] = toScreen(one.at[0], one.at[1]), reach = one.at[2] * view.scale;
    if (reach < 60) fit([one]);
    else if (left < reach || top < reach || left > view.width - reach || top > view.height - reach) [view.x, view.y] = one.at;
  } else if (chosen.entity >= 0) {
    const [x, y] = entities[chosen.entity].at, [left, top] = toScreen(x, y);
    if (view.scale < 0.6) view.scale = 0.9;
    else if (left > 40 && top > 40 && left < view.width - 40 && top < view.height - 40) return;
    [view.x, view.y] = [x, y];
  }
}

// Search: by name and alias, whatever the case and width of the letters; Chinese by any part of a name.
const folded = (value) => value.normalize("NFKC").toLocaleLowerCase().replace(/\s+/g, " ").trim();
const names = entities.map(({ name, aliases }) => [name, ...aliases].map(folded));
function matches(wanted) {
  const scored = [];
  names.forEach((all, place) => {
    if (!isShown(place)) return;
    const best = Math.min(...all.map((one) => one === wanted ? 0 : one.startsWith(wanted) ? 1 : one.includes(` ${wanted}`) ? 2 : one.includes(wanted) ? 3 : 9));
    if (best < 9) scored.push([best, place]);
  });
  return scored.sort(([a, one], [b, other]) => a - b || one - other).map(([, place]) => place);
}
function search() {
  const wanted = folded(find.value), hits = wanted ? matches(wanted) : [];
  found.hidden = !wanted;
  found.replaceChildren(...hits.slice(0, FOUND_LISTED).map((place) => {
    const { name, aliases, type } = entities[place];
    const alias = folded(name).includes(wanted) ? "" : aliases.find((one) => folded(one).includes(wanted)) ?? "";
    return element("li", {}, element("button", { type: "button", click: () => { found.hidden = true; go("entity", entities[place].id); } },
      element("span", { class: "name", dir: "auto" }, cut(name, 90)),
      element("span", { class: "quiet" }, alias ? ` (${cut(alias, 60)})` : "", ` ${cut(type, 30)}`)));
  }));
  if (wanted) {
    const left = hits.length - FOUND_LISTED, gone = data.totals.entities - entities.length;
    if (!hits.length) found.append(element("li", {}, element("p", {}, `No name or alias holds this${gone ? `, among the ${number(entities.length)} entities of this page` : ""}.`)));
    else if (left > 0) found.append(element("li", {}, element("p", {}, `and ${number(left)} more`)));
  }
}
find.addEventListener("input", search);
find.addEventListener("focus", search);
find.addEventListener("keydown", (event) => {
  if (event.key === "Enter") found.querySelector("button")?.click();
  else if (event.key === "ArrowDown") { event.preventDefault(); found.querySelector("button")?.focus(); }
});
found.addEventListener("keydown", (event) => {
  const all = [...found.querySelectorAll("button")], place = all.indexOf(document.activeElement);
  if (event.key === "ArrowDown") { event.preventDefault(); all[Math.min(all.length - 1, place + 1)]?.focus(); }
  else if (event.key === "ArrowUp") { event.preventDefault(); (place > 0 ? all[place - 1] : find).focus(); }
});
document.addEventListener("pointerdown", (event) => { if (!found.contains(event.target) && event.target !== find) found.hidden = true; });

// Filters.
const levelChoice = document.getElementById("level");
const counted = (level) => communities.filter((one) => one.level === level).length;
levelChoice.append(element("option", { value: "-1" }, "hidden"), ...levels.map((level) => element("option", { value: level }, `level ${level} (${number(counted(level))})`)));
chosen.level = data.apart;
levelChoice.value = String(chosen.level);
levelChoice.addEventListener("change", () => { chosen.level = Number(levelChoice.value); draw(); });
document.getElementById("colours").addEventListener("change", (event) => { chosen.colours = event.target.value; listTypes(); draw(); });
const together = document.getElementById("together"), unnamed = relations.filter(({ type }) => type === CO_OCCURS).length;
document.getElementById("together-words").textContent = `co-occurrence (${number(unnamed)})`;
together.checked = chosen.together;
together.addEventListener("change", () => { chosen.together = together.checked; draw(); });
function listTypes() {
  const everyone = element("button", { type: "button", click: () => {
    const all = chosen.types.size < types.length;
    chosen.types = new Set(all ? types : []);
    listTypes(); again();
  } }, chosen.types.size < types.length ? "Show all" : "Show none");
  document.getElementById("types").replaceChildren(everyone, ...types.map((type) => {
    const box = element("input", { type: "checkbox" });
    box.checked = chosen.types.has(type);
    box.addEventListener("change", () => { chosen.types[box.checked ? "add" : "delete"](type); draw(); if (chosen.entity < 0 && chosen.community < 0) showWhole(); });
    const dot = element("span", { class: "dot" });
    dot.style.background = chosen.colours === "type" ? typeColour(type) : "transparent";
    return element("label", {}, box, " ", dot, element("span", { class: "name", dir: "auto" }, cut(type || "no type", 60)), ` (${number(typeCounts.get(type))})`);
  }));
}

// Pointer: what lies under it, dragging, the wheel, two fingers.
function under(x, y) {
  const [mapX, mapY] = toMap(x, y), slack = 4 / view.scale;
  let entity = -1, nearest = Infinity;
  entities.forEach(({ at: [left, top, r] }, place) => {
    const far = Math.hypot(left - mapX, top - mapY) - Math.max(r, 1.5 / view.scale);
    if (far < slack && far < nearest && isShown(place)) [entity, nearest] = [place, far];
  });
  if (entity >= 0) return { entity, community: -1 };
  let community = -1;
  communities.forEach(({ at: [left, top, r] }, place) => {
    if (isOpen(place) && Math.hypot(left - mapX, top - mapY) < r) community = place; // finer levels come later
  });
  return { entity: -1, community };
}
function tell({ entity, community }, x, y) {
  const one = entity >= 0 ? entities[entity] : community >= 0 ? communities[community] : null;
  hint.hidden = !one;
  if (!one) return;
  const said = entity >= 0 ? `${one.type || "no type"}, ${number(one.degree)} relations` : cut(one.summary, 280);
  hint.replaceChildren(element("b", { class: "name", dir: "auto" }, cut(entity >= 0 ? one.name : one.title || "Untitled", 120)), text(said, "span"));
  hint.style.left = `${Math.max(4, Math.min(x + 14, view.width - hint.offsetWidth - 6))}px`;
  hint.style.top = `${y + 16 + hint.offsetHeight > view.height ? Math.max(4, y - hint.offsetHeight - 10) : y + 16}px`;
}
const fingers = new Map();
let moved = 0;
canvas.addEventListener("pointerdown", (event) => {
  fingers.set(event.pointerId, [event.offsetX, event.offsetY]);
  canvas.setPointerCapture(event.pointerId);
  moved = 0;
});
canvas.addEventListener("pointermove", (event) => {
  const last = fingers.get(event.pointerId), now = [event.offsetX, event.offsetY];
  if (!last) {
    view.hover = under(...now);
    canvas.classList.toggle("pointing", view.hover.entity >= 0 || view.hover.community >= 0);
    tell(view.hover, ...now);
    draw();
    return;
  }
  moved += Math.hypot(now[0] - last[0], now[1] - last[1]);
  const other = [...fingers].find(([id]) => id !== event.pointerId)?.[1];
  if (other) {
    const before = Math.hypot(last[0] - other[0], last[1] - other[1]), after = Math.hypot(now[0] - other[0], now[1] - other[1]);
    zoom(after / (before || 1), (now[0] + other[0]) / 2, (now[1] + other[1]) / 2);
  } else {
    view.x -= (now[0] - last[0]) / view.scale;
    view.y -= (now[1] - last[1]) / view.scale;
    hint.hidden = true;
    draw();
  }
  fingers.set(event.pointerId, now);
});
canvas.addEventListener("pointerup", (event) => {
  fingers.delete(event.pointerId);
  if (moved > 5) return;
  hint.hidden = true;
  const { entity, community } = under(event.offsetX, event.offsetY);
  if (entity >= 0) go("entity", entities[entity].id);
  else if (community >= 0) go("community", communities[community].id);
  else go("", "");
});
canvas.addEventListener("pointercancel", (event) => fingers.delete(event.pointerId));
canvas.addEventListener("pointerleave", () => { hint.hidden = true; view.hover = null; draw(); });
canvas.addEventListener("wheel", (event) => { event.preventDefault(); zoom(Math.exp(-event.deltaY * (event.deltaMode ? 0.05 : 0.0015)), event.offsetX, event.offsetY); }, { passive: false });
document.getElementById("in").addEventListener("click", () => zoom(1.4));
document.getElementById("out").addEventListener("click", () => zoom(1 / 1.4));
document.getElementById("all").addEventListener("click", () => fit());

const STEPS = { ArrowLeft: [-60, 0], ArrowRight: [60, 0], ArrowUp: [0, -60], ArrowDown: [0, 60] };
canvas.addEventListener("keydown", (event) => {
  if (STEPS[event.key]) { view.x += STEPS[event.key][0] / view.scale; view.y += STEPS[event.key][1] / view.scale; draw(); }
  else if (event.key === "+" || event.key === "=") zoom(1.3);
  else if (event.key === "-") zoom(1 / 1.3);
  else if (event.key === "0") fit();
  else return;
  event.preventDefault();
});
document.addEventListener("keydown", (event) => {
  if (event.key === "/" && document.activeElement !== find) { event.preventDefault(); find.focus(); find.select(); }
  else if (event.key === "Escape") { found.hidden = true; document.getElementById("kinds").open = false; go("", ""); }
});

const part = (shown, total, what) => shown < total ? `${number(shown)} of ${number(total)} ${what}` : `${number(total)} ${what}`;
document.getElementById("counts").textContent = [
  part(entities.length, data.totals.entities, "entities") + (entities.length < data.totals.entities ? " (the best connected)" : ""),
  part(relations.length, data.totals.relations, "relations"),
  part(communities.length, data.totals.communities, "communities"),
].join(", ");
let opened = false;
new ResizeObserver(() => {
  const ratio = devicePixelRatio || 1;
  [view.width, view.height] = [stage.clientWidth, stage.clientHeight];
  [canvas.width, canvas.height] = [Math.round(view.width * ratio), Math.round(view.height * ratio)];
  if (!opened) { opened = true; fit(); follow(); }
  draw();
}).observe(stage);
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => { listTypes(); again(); });
addEventListener("popstate", follow); // "back", and an address that is edited
listTypes();
document.documentElement.dataset.ready = "yes";
