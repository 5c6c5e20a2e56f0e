"use strict";
// The map: communities as discs, entities as circles, relations as lines, on one canvas.
const data = JSON.parse(document.getElementById("data").textContent);
const CO_OCCURS = "CO_OCCURS";
const { entities, relations, communities } = data;
const colourless = new Map(); // colours by what they are for, made once
const chosen = { entity: -1, community: -1, level: 0, colours: "community", together: true, types: new Set() };
const byEntity = entities.map(() => []);
relations.forEach((one, number) => {
  byEntity[one.source].push(number);
  if (one.target !== one.source) byEntity[one.target].push(number);
});
const levels = [...new Set(communities.map((one) => one.level))].sort((a, b) => a - b);
const typeCounts = new Map();
for (const { type } of entities) typeCounts.set(type, (typeCounts.get(type) ?? 0) + 1);
const types = [...typeCounts.keys()].sort((a, b) => typeCounts.get(b) - typeCounts.get(a) || (a < b ? -1 : 1));
types.forEach((type) => chosen.types.add(type));

function homeAt(entity, level) {
  // The community of an entity at a level; where it has none there, the one above.
  let home = entities[entity].home;
  while (home >= 0 && communities[home].level > level && communities[home].parent >= 0) home = communities[home].parent;
  return home;
}
const topOf = (community) => {
  let top = community;
  while (communities[top].parent >= 0) top = communities[top].parent;
  return top;
};
const isDark = () => matchMedia("(prefers-color-scheme: dark)").matches;
function hueOf(community) {
  const top = topOf(community);
  return (top * 137.508 + (community === top ? 0 : ((community * 47) % 50) - 25) + 360) % 360;
}
function colourOf(entity) {
  const light = isDark() ? 66 : 42;
  if (chosen.colours === "type") return typeColour(entities[entity].type);
  const home = homeAt(entity, chosen.level);
  return home < 0 ? `hsl(0 0% ${light + 8}%)` : `hsl(${hueOf(home)} 55% ${light}%)`;
}
function typeColour(type) {
  const number = types.indexOf(type);
  return `hsl(${(number * 137.508 + 150) % 360} ${number < 12 ? 58 : 25}% ${isDark() ? 66 : 42}%)`;
}

const canvas = document.getElementById("map");
const stage = document.getElementById("stage");
const pen = canvas.getContext("2d");
const view = { x: 0, y: 0, scale: 1, width: 1, height: 1, hover: null, asked: false };
const isShown = (entity) => chosen.types.has(entities[entity].type);
const isDrawn = (relation) =>
  (chosen.together || relation.type !== CO_OCCURS) && isShown(relation.source) && isShown(relation.target);
const cut = (text, length) => ([...text.slice(0, 3 * length)].length > length ? `${[...text.slice(0, 3 * length)].slice(0, length - 1).join("")}…` : text);
const toScreen = (x, y) => [(x - view.x) * view.scale + view.width / 2, (y - view.y) * view.scale + view.height / 2];
const toMap = (x, y) => [(x - view.width / 2) / view.scale + view.x, (y - view.height / 2) / view.scale + view.y];

function fit(items = null) {
  const circles = (items ?? [...entities, ...communities]).map((one) => one.at);
  if (!circles.length) return;
  const left = Math.min(...circles.map(([x, , r]) => x - r)), right = Math.max(...circles.map(([x, , r]) => x + r));
  const top = Math.min(...circles.map(([, y, r]) => y - r)), bottom = Math.max(...circles.map(([, y, r]) => y + r));
  view.scale = Math.min(4, 0.94 * Math.min(view.width / (right - left || 1), view.height / (bottom - top || 1)));
  [view.x, view.y] = [(left + right) / 2, (top + bottom) / 2];
  draw();
}
function zoom(factor, x = view.width / 2, y = view.height / 2) {
  const [beforeX, beforeY] = toMap(x, y);
  view.scale = Math.min(12, Math.max(0.02, view.scale * factor));
  const [afterX, afterY] = toMap(x, y);
  view.x += beforeX - afterX;
  view.y += beforeY - afterY;
  draw();
}
function draw() {
  if (view.asked) return;
  view.asked = true;
  requestAnimationFrame(() => { view.asked = false; paint(); });
}
function shades() {
  const style = getComputedStyle(document.documentElement), body = getComputedStyle(document.body);
  const probe = (name) => { pen.fillStyle = "#888"; canvas.style.color = style.getPropertyValue(name); return getComputedStyle(canvas).color; };
  return { ink: body.color, paper: body.backgroundColor, accent: probe("--accent"), quiet: probe("--quiet") };
}
function paint() {
  const ratio = devicePixelRatio || 1, shade = shades();
  pen.setTransform(ratio, 0, 0, ratio, 0, 0);
  pen.clearRect(0, 0, view.width, view.height);
  const near = nearTo(chosen.entity);
  paintDiscs(shade);
  paintLines(shade, near);
  paintEntities(shade, near);
  paintNames(shade, near);
}
function nearTo(entity) {
  // The neighbours of the chosen entity, or the members of the chosen community; null: everything is meant.
  if (entity >= 0) {
    const near = new Set([entity]);
    for (const number of byEntity[entity]) near.add(relations[number].source).add(relations[number].target);
    return near;
  }
  return chosen.community >= 0 ? new Set(communities[chosen.community].members) : null;
}
const isOpen = (community) => chosen.level < 0 ? false : communities[community].level <= chosen.level;
function paintDiscs(shade) {
  communities.forEach(({ at: [x, y, r] }, number) => {
    if (!isOpen(number) && number !== chosen.community) return;
    const [left, top] = toScreen(x, y), hue = hueOf(number);
    pen.beginPath();
    pen.arc(left, top, r * view.scale, 0, 2 * Math.PI);
    pen.fillStyle = `hsl(${hue} 55% 50% / ${isDark() ? 0.13 : 0.09})`;
    pen.strokeStyle = number === chosen.community ? shade.accent : `hsl(${hue} 45% 50% / 0.4)`;
    pen.lineWidth = number === chosen.community ? 2.5 : 1;
    pen.fill();
    pen.stroke();
  });
}
function paintLines(shade, near) {
  const line = ({ source, target }) => {
    pen.moveTo(...toScreen(entities[source].at[0], entities[source].at[1]));
    pen.lineTo(...toScreen(entities[target].at[0], entities[target].at[1]));
  };
  const touches = ({ source, target }) => chosen.entity >= 0 ? source === chosen.entity || target === chosen.entity : near.has(source) && near.has(target);
  for (const [together, colour, width] of [[true, shade.quiet, 0.6], [false, shade.ink, 1.1]]) {
    const drawn = relations.filter((one) => isDrawn(one) && (one.type === CO_OCCURS) === together);
    const fade = Math.min(1, Math.sqrt((250 * Math.max(1, view.scale)) / (drawn.length || 1))); // thousands are a veil
    for (const stands of near ? [false, true] : [null]) {
      pen.beginPath();
      drawn.filter((one) => stands === null || touches(one) === stands).forEach(line);
      pen.globalAlpha = stands === null ? (together ? 0.3 : 0.6) * fade : stands ? 0.9 : 0.06;
      pen.strokeStyle = stands ? shade.accent : colour;
      pen.lineWidth = stands ? width + 0.6 : width;
      pen.stroke();
    }
  }
  pen.globalAlpha = 1;
}
function paintEntities(shade, near) {
  entities.forEach(({ at: [x, y, r] }, number) => {
    if (!isShown(number)) return;
    const [left, top] = toScreen(x, y), size = Math.max(1.5, r * view.scale);
    if (left < -size || top < -size || left > view.width + size || top > view.height + size) return;
    pen.globalAlpha = near && !near.has(number) ? 0.18 : 1;
    pen.beginPath();
    pen.arc(left, top, size, 0, 2 * Math.PI);
    pen.fillStyle = colourOf(number);
    pen.fill();
    if (number === chosen.entity || number === view.hover?.entity) {
      pen.lineWidth = 3;
      pen.strokeStyle = shade.ink;
      pen.stroke();
    }
  });
  pen.globalAlpha = 1;
}
function paintNames(shade, near) {
  // The most connected first (their order), each only where it hides no other.
  const taken = [];
  const place = (text, x, y, font, colour) => {
    pen.font = font;
    const width = pen.measureText(text).width, height = 15;
    const box = [x - width / 2 - 2, y - height / 2, x + width / 2 + 2, y + height / 2];
    if (box[2] < 0 || box[3] < 0 || box[0] > view.width || box[1] > view.height) return;
    if (taken.some((other) => box[0] < other[2] && other[0] < box[2] && box[1] < other[3] && other[1] < box[3])) return;
    taken.push(box);
    pen.lineWidth = 3;
    pen.strokeStyle = shade.paper;
    pen.strokeText(text, x, y);
    pen.fillStyle = colour;
    pen.fillText(text, x, y);
  };
  pen.textAlign = "center";
  pen.textBaseline = "middle";
  pen.lineJoin = "round";
  const family = getComputedStyle(document.body).fontFamily;
  if (!near) {
    communities.forEach((one, number) => {
      if (!isOpen(number) || one.at[2] * view.scale < 34 || !one.title) return;
      const [x, y] = toScreen(one.at[0], one.at[1] - one.at[2]);
      place(cut(one.title, Math.max(8, Math.floor((one.at[2] * view.scale) / 4))), x, y, `600 12px ${family}`, shade.ink);
    });
  }
  const order = entities.map((_, number) => number).filter((number) => isShown(number) && (!near || near.has(number)));
  if (chosen.entity >= 0) order.unshift(chosen.entity);
  let left = near ? 80 : 400;
  for (const number of order) {
    const { at: [x, y, r], name } = entities[number];
    if (!near && r * view.scale < 5.5) continue;
    if ((left -= 1) < 0) break;
    const [across, down] = toScreen(x, y);
    place(cut(name, 26), across, down + Math.max(1.5, r * view.scale) + 8, `12px ${family}`, shade.ink);
  }
}
