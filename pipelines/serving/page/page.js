// Asks the server on whose page it stands. Whatever comes from documents or models is put in as text, never as HTML.
import { drawGraph } from "/page/graph.js";

const $ = (id) => document.getElementById(id);
const CHOSEN = "graftline.modes";
const KEPT = "graftline.conversations";
// The stored conversation of each mode: what was said is kept by the server, and there after a reload.
let conversations = JSON.parse(localStorage.getItem(KEPT) ?? "{}");

function element(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (key === "class") made.className = value;
    else if (key.startsWith("on")) made.addEventListener(key.slice(2), value);
    else made.setAttribute(key, value);
  }
  made.append(...children);
  return made;
}

async function call(path, options = {}) {
  const headers = { "Content-Type": "application/json" };
  if ($("key").value) headers.Authorization = `Bearer ${$("key").value}`;
  const response = await fetch(path, { ...options, headers });
  if (response.status === 401) $("key-field").hidden = false;
  if (!response.ok) {
    const body = await response.json().catch(() => ({}));
    throw new Error(body.error?.message ?? `the server answered with status ${response.status}`);
  }
  return response;
}

function tell(problem) {
  $("problem").textContent = problem;
  $("problem").hidden = !problem;
}

async function listModes() {
  const { data } = await (await call("/v1/models")).json();
  const chosen = new Set((localStorage.getItem(CHOSEN) ?? "auto").split(","));
  const label = ({ id }) => {
    const box = element("input", { type: "checkbox", value: id });
    box.checked = chosen.has(id);
    return element("label", {}, box, ` ${id}`);
  };
  // Other tools' indexes have a dash in their names: for comparison, and out of the way.
  const others = data.filter(({ id }) => id.includes("-") || id === "guide");
  const more = element("details", {}, element("summary", {}, "other tools' modes"), ...others.map(label));
  more.open = others.some(({ id }) => chosen.has(id));
  $("modes").replaceChildren(...data.filter((one) => !others.includes(one)).map(label), more);
}

async function* events(response) {
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return;
    const parts = (rest + value).split("\n\n");
    rest = parts.pop();
    for (const part of parts) {
      const data = part.replace(/^data: /, "");
      if (data !== "[DONE]") yield JSON.parse(data);
    }
  }
}

async function openSource(citation) {
  const query = new URLSearchParams({ path: citation.document, start: citation.start, end: citation.end });
  const found = await (await call(`/api/document?${query}`)).json();
  const [first, last] = [citation.start - found.start, citation.end - found.start];
  // The server counts characters, a string here UTF-16 units.
  const text = Array.from(found.text);
  const marked = element("mark", {}, text.slice(first, last).join(""));
  $("source-title").textContent = found.title || found.document;
  $("source-place").textContent = `${found.document} · ${citation.start}–${citation.end} of ${found.length}`;
  $("source-text").replaceChildren(text.slice(0, first).join(""), marked, text.slice(last).join(""));
  $("source").hidden = false;
  $("source").scrollTop = marked.offsetTop - $("source").clientHeight / 3;
}

function markedText(answer, proof) {
  const text = Array.from(answer);
  const parts = [];
  let place = 0;
  for (const sentence of proof.sentences) {
    parts.push(text.slice(place, sentence.start).join(""));
    const own = text.slice(sentence.start, sentence.end).join("");
    parts.push(element("span", { class: sentence.status, title: sentence.reason }, own));
    place = sentence.end;
  }
  parts.push(text.slice(place).join(""));
  return parts;
}

function showProof(card, answer, proof) {
  const { text, state, below } = card;
  text.replaceChildren(...markedText(answer, proof));
  const cited = proof.citations.map((citation) =>
    element(
      "li",
      {},
      element(
        "button",
        { type: "button", onclick: () => openSource(citation).catch((error) => tell(error.message)) },
        element("b", {}, `[${citation.number}] ${citation.document} `),
        `“${citation.quote}”`,
      ),
    ),
  );
  const reasons = proof.sentences
    .filter(({ status }) => status === "unverified" || status === "contradicted")
    .map(({ status, reason }) => element("p", { class: "reason" }, `${status}: ${reason}`));
  const notes = [proof.note, proof.left_out ? `${proof.left_out} sources did not fit` : ""].filter(Boolean);
  below.replaceChildren(
    element("ol", { class: "citations" }, ...cited),
    ...reasons,
    ...notes.map((note) => element("p", { class: "state" }, note)),
  );
  state.textContent += proof.supported ? "" : " · not supported by the sources";
  if (proof.conversation) below.append(feedbackRow(proof, answer));
  return [...new Set(proof.citations.map(({ chunk_id }) => chunk_id))];
}

function feedbackRow({ conversation, turn, feedback }, answer) {
  const corrected = element("textarea", { rows: 3, "aria-label": "The answer that should have been given" });
  const kept = element("span", { class: "state", role: "status" });
  const send = element("button", { type: "submit" }, "Save");
  const form = element("form", { class: "correction" }, corrected, send);
  form.hidden = true;
  const buttons = [
    ["up", "good", "Good answer"],
    ["down", "bad", "Bad answer"],
    ["correct", "correct it", "Correct the answer"],
  ].map(([verdict, sign, title]) =>
    element("button", { type: "button", title, "aria-label": title, "data-verdict": verdict, onclick: () => click(verdict) }, sign),
  );
  const show = (verdict) => {
    for (const button of buttons) button.setAttribute("aria-pressed", button.dataset.verdict === verdict);
  };
  const give = async (verdict, text = "") => {
    const body = JSON.stringify({ conversation, turn, verdict, answer: text });
    try {
      await call("/api/feedback", { method: "POST", body });
      show(verdict);
      kept.textContent = verdict === "withdrawn" ? "taken back" : "kept";
      form.hidden = true;
    } catch (error) {
      tell(error.message);
    }
  };
  const click = (verdict) => {
    const pressed = buttons.find((button) => button.dataset.verdict === verdict).getAttribute("aria-pressed") === "true";
    if (verdict !== "correct" || pressed) return give(pressed ? "withdrawn" : verdict);
    corrected.value = answer;
    form.hidden = false;
    corrected.focus();
  };
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    give("correct", corrected.value);
  });
  show(feedback);
  return element("div", { class: "feedback" }, ...buttons, kept, form);
}

function card(mode) {
  const text = element("div", { class: "text" });
  const state = element("p", { class: "state" }, "searching …");
  const below = element("div");
  const trace = element("details", { class: "trace" }, element("summary"), element("ol"));
  trace.hidden = true;
  // Open while the answer is made; after that as the reader left it.
  trace.querySelector("summary").addEventListener("click", () => (trace.dataset.kept = trace.open ? "closed" : "open"));
  $("answers").append(element("article", { "data-mode": mode }, element("h2", {}, mode), state, trace, text, below));
  return { text, state, below, trace };
}

function tokensOf(step) {
  return step.prompt_tokens + step.completion_tokens;
}

function showTrace({ trace }, steps) {
  const line = (step) => {
    const tokens = tokensOf(step);
    const took = [step.seconds ? `${step.seconds.toFixed(1)} s` : "", tokens ? `${tokens} tokens` : ""].filter(Boolean);
    return element(
      "li",
      { "data-action": step.action },
      element("b", {}, step.action),
      ` ${step.argument} `,
      element("span", { class: "state" }, took.join(" · ")),
      element("div", { class: "result" }, step.result),
    );
  };
  const tokens = steps.reduce((sum, step) => sum + tokensOf(step), 0);
  const seconds = steps.reduce((sum, step) => sum + (step.seconds ?? 0), 0);
  const count = `${steps.length} ${steps.length === 1 ? "step" : "steps"}`;
  trace.querySelector("summary").textContent = `${count} · ${seconds.toFixed(1)} s · ${tokens} tokens`;
  trace.querySelector("ol").replaceChildren(...steps.map(line));
  trace.hidden = !steps.length;
}

async function finish(made, answer, proof) {
  showTrace(made, proof.trace ?? []);
  made.trace.open = made.trace.dataset.kept === "open";
  const chunks = showProof(made, answer, proof);
  if (!chunks.length) return;
  const graph = await (await call("/api/subgraph", { method: "POST", body: JSON.stringify(chunks) })).json();
  if (graph.entities.length) made.below.append(drawGraph(graph));
}

async function showStored() {
  if ($("answers").childElementCount) return;
  for (const [mode, id] of Object.entries(conversations)) {
    const stored = await call(`/api/conversations/${encodeURIComponent(id)}`).catch(() => null);
    if (!stored) continue;
    const last = (await stored.json()).turns.at(-1);
    const made = card(mode);
    made.state.textContent = last.question;
    const answer = last.answer || last.note;
    await finish(made, answer, { ...last, conversation: id });
    $("follow").checked = true;
  }
}

async function ask(question, mode) {
  const made = card(mode);
  const { text, state, below } = made;
  const started = performance.now();
  const seconds = () => ((performance.now() - started) / 1000).toFixed(1);
  const timer = setInterval(() => (state.textContent = `${text.textContent ? "writing" : "searching"} … ${seconds()} s`), 200);
  let answer = "";
  let proof = null;
  const steps = [];
  try {
    const messages = [{ role: "user", content: question }];
    const body = JSON.stringify({ model: mode, messages, stream: true, sources: "apart", conversation: conversations[mode] ?? "" });
    for await (const event of events(await call("/v1/chat/completions", { method: "POST", body }))) {
      if (event.error) throw new Error(event.error.message);
      if (event.graftline_step) {
        steps.push(event.graftline_step);
        showTrace(made, steps);
        if (!answer && steps.length === 1) made.trace.open = true;
      }
      answer += event.choices?.[0]?.delta?.content ?? "";
      text.textContent = answer;
      if (event.graftline) proof = event.graftline;
      if (event.usage) below.dataset.tokens = event.usage.total_tokens;
    }
  } catch (error) {
    state.textContent = error.message;
    return;
  } finally {
    clearInterval(timer);
  }
  state.textContent = `${seconds()} s · ${below.dataset.tokens ?? 0} tokens`;
  if (!proof) return;
  conversations[mode] = proof.conversation;
  localStorage.setItem(KEPT, JSON.stringify(conversations));
  await finish(made, answer, proof);
}

$("close").addEventListener("click", () => ($("source").hidden = true));
$("question").addEventListener("keydown", (event) => {
  if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
    event.preventDefault();
    $("ask").requestSubmit();
  }
});
$("key").addEventListener("change", () => listModes().then(showStored).then(() => tell("")).catch((error) => tell(error.message)));
$("ask").addEventListener("submit", async (event) => {
  event.preventDefault();
  const question = $("question").value.trim();
  const modes = [...$("modes").querySelectorAll("input:checked")].map(({ value }) => value);
  if (!modes.length) return tell("choose a mode");
  tell("");
  localStorage.setItem(CHOSEN, modes.join(","));
  if (!$("follow").checked) conversations = {};
  $("answers").replaceChildren();
  $("source").hidden = true;
  const button = event.target.querySelector("button");
  button.disabled = true;
  try {
    await Promise.all(modes.map((mode) => ask(question, mode)));
  } catch (error) {
    tell(error.message);
  } finally {
    button.disabled = false;
  }
});
listModes()
  .then(showStored)
  .catch((error) => tell(error.message));
