// The entities of an answer's passages and what relates them: a small force layout, drawn once.
const SVG = "http://www.w3.org/2000/svg";
const [WIDTH, HEIGHT, STEPS] = [420, 280, 150];

function svg(name, attributes, text) {
  const made = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  if (text) made.textContent = text;
  return made;
}

function laidOut(entities, edges) {
  const places = entities.map((_, n) => {
    const angle = (2 * Math.PI * n) / entities.length;
    return { x: WIDTH / 2 + 100 * Math.cos(angle), y: HEIGHT / 2 + 80 * Math.sin(angle) };
  });
  for (let step = 0; step < STEPS; step += 1) {
    const heat = 6 * (1 - step / STEPS);
    const forces = places.map(() => ({ x: 0, y: 0 }));
    const push = (one, other, strength) => {
      const [dx, dy] = [places[one].x - places[other].x, places[one].y - places[other].y];
      const far = Math.max(1, Math.hypot(dx, dy));
      const force = strength(far) / far;
      forces[one].x += dx * force;
      forces[one].y += dy * force;
      forces[other].x -= dx * force;
      forces[other].y -= dy * force;
    };
    for (let one = 0; one < places.length; one += 1)
      for (let other = one + 1; other < places.length; other += 1) push(one, other, (far) => 2500 / far);
    for (const [one, other] of edges) push(one, other, (far) => -far / 8);
    places.forEach((place, n) => {
      const far = Math.max(1, Math.hypot(forces[n].x, forces[n].y));
      place.x = Math.min(WIDTH - 60, Math.max(12, place.x + (forces[n].x / far) * heat));
      place.y = Math.min(HEIGHT - 12, Math.max(16, place.y + (forces[n].y / far) * heat));
    });
  }
  return places;
}

export function drawGraph({ entities, relations }) {
  const numbers = new Map(entities.map(({ entity_id }, n) => [entity_id, n]));
  const edges = relations.map((one) => [numbers.get(one.source_id), numbers.get(one.target_id), one]);
  const places = laidOut(entities, edges);
  const drawn = svg("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: "img", "aria-label": "Entities of this answer" });
  for (const [one, other, relation] of edges) {
    const line = svg("line", { x1: places[one].x, y1: places[one].y, x2: places[other].x, y2: places[other].y });
    line.append(svg("title", {}, `${relation.type}: ${relation.description ?? ""}`));
    drawn.append(line);
  }
  entities.forEach((entity, n) => {
    const { x, y } = places[n];
    const dot = svg("circle", { cx: x, cy: y, r: 4 + Math.min(6, Math.log2(1 + entity.mentions)) });
    dot.append(svg("title", {}, `${entity.type}: ${entity.description ?? ""}`));
    drawn.append(dot, svg("text", { x: x + 9, y: y + 4 }, entity.name.slice(0, 24)));
  });
  return drawn;
}
