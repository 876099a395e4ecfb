"use strict";
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const count = data.titles.length;
  const main = document.getElementById("documents");
  const panel = document.getElementById("panel");
  const detail = document.getElementById("detail");
  const hint = detail.firstElementChild;
  const tip = document.getElementById("tip");
  const windowed = new Set(data.windowed);
  const active = new Set();
  let now = null, opened = null; // where the keys are, and whose details are open

  const make = (tag, className, text) => {
    const element = document.createElement(tag);
    if (className) element.className = className;
    if (text !== undefined) element.textContent = text;
    return element;
  };
  main.querySelectorAll(".s").forEach((s) => s.setAttribute("role", "button"));
  const sentenceOf = (event) => event.target.closest ? event.target.closest(".s") : null;
  const probability = (row, label) => Math.max(0, data.p[row * count + label] / 1000);
  const figure = (row, label) => data.p[row * count + label] < 0 ? "–" : probability(row, label).toFixed(2);
  const carries = (sentence, label) => sentence.classList.contains("L" + label);

  /* The panel: every label's probability as a bar with a tick at its threshold */
  function show(sentence) {
    if (opened) opened.classList.remove("now");
    opened = now = sentence;
    sentence.classList.add("now");
    const row = Number(sentence.dataset.i), moved = data.words[row] || {};
    const words = [...sentence.childNodes].filter((n) => n.nodeType === Node.TEXT_NODE).map((n) => n.data).join("");
    const list = make("dl");
    data.titles.forEach((title, label) => {
      const head = make("dt", carries(sentence, label) ? "on" : "");
      const name = make("b");
      name.append(make("i", "k L" + label, data.letters[label]), " " + title);
      head.append(name, make("span", "", figure(row, label)));
      const bar = make("div", "bar L" + label);
      const fill = make("i"), tick = make("u");
      fill.style.width = 100 * probability(row, label) + "%";
      tick.style.left = 100 * data.thresholds[label] + "%";
      tick.title = "threshold " + data.thresholds[label].toFixed(2);
      bar.append(fill, tick);
      const body = make("dd");
      body.append(bar);
      if (moved[label] && moved[label].length) body.append(chips(words, label, moved[label]));
      list.append(head, body);
    });
    detail.replaceChildren(quote(words, moved), list);
    says(sentence, row).forEach((line) => detail.append(make("p", "says", line)));
    panel.classList.add("open");
  }

  /* The sentence again, the words that moved a decision marked: a full line for, a broken one against */
  function quote(said, moved) {
    const strongest = new Map();
    for (const [label, words] of Object.entries(moved)) {
      for (const [word, value] of words) {
        if (!strongest.has(word) || Math.abs(value) > Math.abs(strongest.get(word)[1])) strongest.set(word, [label, value]);
      }
    }
    const block = make("blockquote");
    said.split(" ").forEach((word, number) => {
      const [label, value] = strongest.get(number) || [];
      block.append(number ? " " : "", label === undefined ? word : make("mark", (value > 0 ? "for" : "against") + " L" + label, word));
    });
    return block;
  }

  /* A label's strongest words with what they did to its log-odds */
  function chips(said, label, words) {
    const tokens = said.split(" ");
    const line = make("ul", "chips L" + label);
    line.setAttribute("aria-label", "Words that moved " + data.titles[label]);
    for (const [word, value] of words) {
      const chip = make("li", value > 0 ? "for" : "against", tokens[word]);
      chip.append(" ", make("em", "", (value > 0 ? "+" : "−") + Math.abs(value).toFixed(1)));
      line.append(chip);
    }
    return line;
  }

  function says(sentence, row) {
    const told = [], value = (column) => column.values[column.rows[row]];
    const marked = sentence.classList.contains("review"), foreign = data.language[row];
    if (value(data.holder)) told.push("Held by " + value(data.holder) + (value(data.source) ? " (" + value(data.source) + ")." : "."));
    if (value(data.speaker) && value(data.speaker) !== value(data.holder)) told.push("Said by " + value(data.speaker) + ".");
    if (marked) told.push(data.reason[row] < 0 ? "Not in English: not scored." : "For review: near the threshold of “" + data.titles[data.reason[row]] + "”.");
    if (foreign) told.push("Language: " + foreign + ".");
    if (data.reprint[row]) told.push("Reprints " + data.reprint[row] + ", where it is counted.");
    if (windowed.has(row)) told.push("Longer than the model reads at once; scored in windows, the highest counts.");
    if (data.words[row]) told.push("Figures at words: how far each moved the log-odds of the label, + for and − against.");
    else if (data.left_out && (marked || sentence.className.includes(" L"))) told.push("Words not worked out: beyond the number asked for.");
    return told;
  }

  /* One tooltip for all sentences */
  let waiting = 0;
  function hover(event) {
    const sentence = sentenceOf(event);
    clearTimeout(waiting);
    tip.hidden = true;
    if (!sentence) return;
    const x = event.clientX, y = event.clientY;
    waiting = setTimeout(() => {
      const row = Number(sentence.dataset.i);
      tip.replaceChildren(...data.titles.map((title, label) => {
        const line = make("span", carries(sentence, label) ? "on" : "", title);
        line.append(make("em", "", figure(row, label)));
        return line;
      }));
      tip.hidden = false;
      const box = tip.getBoundingClientRect();
      tip.style.left = Math.max(8, Math.min(x + 12, innerWidth - box.width - 8)) + "px";
      tip.style.top = (y + 22 + box.height > innerHeight ? y - box.height - 14 : y + 22) + "px";
    }, 250);
  }
  main.addEventListener("mouseover", hover);
  main.addEventListener("mouseleave", hover);
  addEventListener("scroll", () => { clearTimeout(waiting); tip.hidden = true; }, { passive: true });

  main.addEventListener("click", (event) => { const s = sentenceOf(event); if (s) { s.focus({ preventScroll: true }); show(s); } });
  main.addEventListener("focusin", (event) => { const s = sentenceOf(event); if (s && panel.classList.contains("open")) show(s); else if (s) now = s; });

  function close() {
    const back = panel.contains(document.activeElement);
    panel.classList.remove("open");
    tip.hidden = true;
    detail.replaceChildren(hint);
    if (opened) opened.classList.remove("now");
    if (back) opened.focus({ preventScroll: true });
    opened = null;
  }

  /* Keys: arrows walk through the sentences that the filters leave, n and p through the marked ones */
  const wanted = () => active.size
    ? [...active].map((f) => ".s." + (f === "fr" ? "review" : "L" + f.slice(1))).join(",") : ".s";
  function walk(step, selector) {
    const all = [...main.querySelectorAll(selector)];
    if (!all.length) return;
    let place = all.indexOf(now);
    if (place < 0 && now) {
      const after = all.findIndex((s) => now.compareDocumentPosition(s) & Node.DOCUMENT_POSITION_FOLLOWING);
      place = (after < 0 ? all.length : after) - (step > 0 ? 1 : 0);
    }
    const next = all[Math.max(0, Math.min(all.length - 1, place + step))];
    now = next;
    next.focus({ preventScroll: true });
    next.scrollIntoView({ block: "nearest" });
    const top = next.getBoundingClientRect().top, edge = document.querySelector(".filters").offsetHeight + 12;
    if (top < edge) scrollBy(0, top - edge);
  }
  addEventListener("keydown", (event) => {
    if (event.altKey || event.ctrlKey || event.metaKey) return;
    const onSentence = document.activeElement && document.activeElement.classList.contains("s");
    if (event.key === "Escape") { close(); return; }
    if (event.key === "ArrowRight" && (onSentence || !now)) walk(1, wanted());
    else if (event.key === "ArrowLeft" && onSentence) walk(-1, wanted());
    else if (event.key === "n") walk(1, active.size ? wanted() : ".s[class*=' L'], .s.review");
    else if (event.key === "p") walk(-1, active.size ? wanted() : ".s[class*=' L'], .s.review");
    else if ((event.key === "Enter" || event.key === " ") && onSentence) show(document.activeElement);
    else return;
    event.preventDefault();
  });

  /* Filters are classes on the column of documents; the style sheet does the rest */
  const all = document.getElementById("all");
  const buttons = [...document.querySelectorAll("[data-filter]")];
  function filter() {
    main.className = [...active, ...(active.size ? ["filtered"] : [])].join(" ");
    buttons.forEach((b) => b.setAttribute("aria-pressed", String(active.has(b.dataset.filter))));
    all.hidden = !active.size;
  }
  buttons.forEach((button) => button.addEventListener("click", () => {
    const name = button.dataset.filter;
    if (!active.delete(name)) active.add(name);
    filter();
  }));
  all.addEventListener("click", () => { active.clear(); filter(); });
  document.getElementById("close").addEventListener("click", close);
  document.documentElement.dataset.ready = "yes";
})();
