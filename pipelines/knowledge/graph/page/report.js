// The panel: what is said of the whole, of a community, of an entity. Texts are put in as text, never as markup.
const panel = document.getElementById("panel");
const [MEMBERS_LISTED, RELATIONS_LISTED] = [60, 40];
const number = (value) => value.toLocaleString("en");

function element(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (key === "click") made.addEventListener("click", value);
    else made.setAttribute(key, value);
  }
  made.append(...children.filter((child) => child !== null && child !== ""));
  return made;
}
const text = (value, name = "p") => element(name, { class: "text", dir: "auto" }, value);
const quiet = (value) => element("p", { class: "quiet" }, value);
const entityButton = (entity) =>
  element("button", { type: "button", click: () => go("entity", entities[entity].id) },
    element("span", { class: "name", dir: "auto" }, cut(entities[entity].name, 80)));
const communityButton = (community) => {
  const dot = element("span", { class: "dot" });
  dot.style.background = `hsl(${hueOf(community)} 55% 50%)`;
  const { title, size } = communities[community];
  return element("button", { type: "button", click: () => go("community", communities[community].id) },
    dot, element("span", { class: "name", dir: "auto" }, cut(title || "Untitled", 80)), ` · ${number(size)}`);
};
const buttons = (made) => element("div", { class: "names" }, ...made);

function quotation([sentence, start, end]) {
  const [document_, page, from, said] = data.sentences[sentence];
  const letters = [...said]; // places count characters, and an emoji is one
  const marked = end - start < 0.8 * letters.length; // a whole sentence needs no mark
  const place = `${data.documents[document_]}${page ? `, page ${page}` : ""}, character ${number(from + 1)}`;
  return element("blockquote", {},
    element("span", { class: "text", dir: "auto" }, letters.slice(0, start).join(""),
      element(marked ? "mark" : "span", {}, letters.slice(start, end).join("")), letters.slice(end).join("")),
    element("footer", {}, place));
}
const MANY = 6;
function cited({ documents, entities: named = [] }) {
  const paths = documents.slice(0, MANY).map((place) => data.documents[place]), left = documents.length - paths.length;
  const made = paths.length ? [quiet(`From ${paths.join(", ")}${left > 0 ? ` and ${number(left)} more` : ""}`)] : [];
  return named.length ? [...made, buttons(named.slice(0, MANY).map(entityButton))] : made;
}
function report({ title, summary, findings, rating, model, documents }) {
  const made = [text(title || "Untitled", "h2")];
  if (summary) made.push(text(summary));
  if (rating !== null && rating !== undefined && findings.length) made.push(quiet(`Rating: ${rating} of 10`));
  if (findings.length) made.push(element("h3", {}, "Findings"), element("ul", {}, ...findings.map((one) => element("li", {}, text(one.text), ...cited(one)))));
  if (!findings.length) made.push(...cited({ documents }));
  if (model) made.push(quiet(`Written by: ${model}`));
  return made;
}
function listed(members, most) {
  const shown = members.slice(0, most);
  return [buttons(shown.map(entityButton)), shown.length < members.length ? quiet(`and ${number(members.length - shown.length)} more, on the map`) : ""];
}
const closing = () => element("button", { type: "button", class: "close", "aria-label": "Back to the whole graph", click: () => go("", "") }, "×");

function showWhole() {
  const made = [];
  for (const whole of data.whole) made.push(...report(whole));
  if (!data.whole.length) made.push(element("h2", {}, "The whole graph"));
  const { totals } = data;
  made.push(quiet(`${number(totals.documents)} documents, ${number(totals.chunks)} chunks, ${number(totals.entities)} entities, ${number(totals.relations)} relations, ${number(totals.communities)} communities`));
  if (!entities.length) made.push(element("p", {}, "The graph holds no entity."));
  const top = communities.map((_, place) => place).filter((place) => communities[place].parent < 0);
  if (top.length) made.push(element("h3", {}, "Largest communities"), buttons(top.slice(0, 24).map(communityButton)));
  if (entities.length) made.push(element("h3", {}, "Most connected entities"), ...listed(entities.map((_, place) => place).filter(isShown), 40));
  panel.replaceChildren(...made.filter(Boolean));
}
function showCommunity(community) {
  const one = communities[community], made = [closing(), ...report(one)];
  const below = communities.map((_, place) => place).filter((place) => communities[place].parent === community);
  made.push(quiet(`Level ${one.level}, ${number(one.size)} entities${one.members.length < one.size ? `, ${number(one.members.length)} of them shown here` : ""}`));
  if (one.parent >= 0) made.push(element("h3", {}, "Part of"), buttons([communityButton(one.parent)]));
  if (below.length) made.push(element("h3", {}, "Communities inside"), buttons(below.map(communityButton)));
  made.push(element("h3", {}, "Entities"), ...listed(one.members, MEMBERS_LISTED));
  panel.replaceChildren(...made.filter(Boolean));
}
function showEntity(entity) {
  const one = entities[entity], made = [closing(), text(one.name, "h2"), quiet(one.type || "no type")];
  const homes = [];
  for (let home = one.home; home >= 0; home = communities[home].parent) homes.unshift(home);
  if (homes.length) made.push(buttons(homes.map(communityButton)));
  if (one.aliases.length) made.push(element("p", {}, element("span", { class: "quiet" }, "Also called: "), text(one.aliases.join(" · "), "span")));
  if (one.description) made.push(text(one.description));
  made.push(element("h3", {}, "Where it stands"));
  made.push(quiet(`${number(one.mentions)} ${one.mentions === 1 ? "mention" : "mentions"} in ${number(one.chunks)} ${one.chunks === 1 ? "chunk" : "chunks"}; ${number(one.seen.length)} ${one.seen.length === 1 ? "sentence" : "sentences"} shown`));
  made.push(...one.seen.map(quotation));
  made.push(...relationsOf(entity));
  panel.replaceChildren(...made.filter(Boolean));
}
function relationsOf(entity) {
  const all = byEntity[entity].map((place) => relations[place]), { degree } = entities[entity];
  const named = all.filter(({ type }) => type !== CO_OCCURS), together = all.filter(({ type }) => type === CO_OCCURS);
  const made = [element("h3", {}, "Relations")];
  if (all.length < degree) made.push(quiet(`${number(all.length)} of ${number(degree)} shown: the others are weaker, or lead to entities that this page leaves out`));
  else if (!degree) made.push(quiet("It has none."));
  made.push(relationList(named, entity));
  if (together.length) {
    const details = element("details", {}, element("summary", {}, `${number(together.length)} more in co-occurrence with it: named in one sentence`));
    details.addEventListener("toggle", () => { if (details.open && details.children.length === 1) details.append(relationList(together, entity)); });
    if (!named.length) { details.open = true; }
    made.push(details);
  }
  return made;
}
function relationList(all, entity) {
  const list = element("ul", { class: "relations" });
  const append = (from) => {
    for (const one of all.slice(from, from + RELATIONS_LISTED)) list.append(relationItem(one, entity));
    const left = all.length - from - RELATIONS_LISTED;
    if (left > 0) {
      const more = element("button", { type: "button", click: () => { more.remove(); append(from + RELATIONS_LISTED); } }, `${number(left)} more`);
      list.append(more);
    }
  };
  append(0);
  return list;
}
function relationItem(one, entity) {
  const outwards = one.source === entity, other = outwards ? one.target : one.source;
  const name = one.type === CO_OCCURS ? "with" : one.type;
  const arrow = one.type === CO_OCCURS ? "" : outwards ? " → " : " ← ";
  const item = element("li", {}, element("span", { class: "type" }, name, arrow || " "), entityButton(other));
  if (one.type !== CO_OCCURS) item.title = outwards ? `${entities[entity].name} ${one.type} ${entities[other].name}` : `${entities[other].name} ${one.type} ${entities[entity].name}`;
  if (one.description) item.append(text(one.description));
  item.append(...one.seen.map(quotation));
  item.append(quiet(`weight ${number(one.weight)}, ${number(one.chunks)} ${one.chunks === 1 ? "chunk" : "chunks"}`));
  return item;
}
