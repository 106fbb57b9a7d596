"use strict";
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const byId = (id) => document.getElementById(id);
  const form = byId("filters"), body = byId("rows"), heads = byId("heads");
  // A part of the table at a time: a class of thousands opens as quickly as one of thirty.
  const PART = 100;
  let shown = PART, key = "k", down = false;
  const marks = { p: ["pass", "✓", "passed"], f: ["fail", "✗", "failed"], s: ["skipped", "–", "skipped"], u: ["unknown", "?", "could not be graded"] };
  const fold = (text) => text.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase();
  // `lab 10` stands behind `lab 2`.
  const inOrder = new Intl.Collator("en", { numeric: true }).compare;
  const element = (name, text, kind) => {
    const made = document.createElement(name);
    if (text) made.textContent = text;
    if (kind) made.className = kind;
    return made;
  };
  const sections = [...new Set(data.rows.flatMap((row) => row.s ? row.s.split(", ") : []))].sort();
  for (const row of data.rows) row.find = fold([row.n, row.k, row.i, row.s, ...row.t].join(" "));
  const option = (name, value, text) => {
    const made = element("option", text);
    made.value = value;
    form.elements[name].append(made);
  };
  for (const name of sections) option("section", name, name);
  data.cases.forEach(([id], at) => option("case", at, id));
  const counts = data.causes.map(() => 0);
  for (const row of data.rows) for (const at of new Set(row.w)) if (at >= 0) counts[at] += 1;
  data.causes.forEach(([id, name, says], at) => option("cause", id, `${counts[at]} × ${says.slice(0, 80)} (${name || "skipped"})`));

  const columns = [["k", "Student"], ["s", "Section"], ["p", "Mark"], ["d", "Regrade"], ["l", "Days late"], ["t", "Notes"]]
    .filter(([id]) => (id !== "s" || sections.length) && (id !== "d" || data.rows.some((row) => row.d)));
  const regraded = columns.some(([id]) => id === "d");
  for (const [id, title] of [...columns, ...data.cases.map(([name], at) => [String(at), name])]) {
    const head = element("th", "", /^\d/.test(id) ? "case-head" : "");
    const button = element("button", title);
    head.scope = "col";
    button.type = "button";
    button.addEventListener("click", () => {
      down = key === id ? !down : ["p", "l", "d"].includes(id);
      key = id;
      draw();
    });
    head.dataset.key = id;
    if (/^\d/.test(id)) head.title = data.cases[Number(id)][1];
    head.append(button);
    heads.append(head);
  }

  const value = (row) => {
    if (/^\d/.test(key)) return "fsup".indexOf(row.c[Number(key)] || "u");
    if (key === "d") return Number(row.d) || { "m": .6, "=": .5, "?": .25 }[row.d] || 0;
    return key === "t" ? row.t.join(" ") : row[key];
  };
  const chosen = () => {
    const of = (name) => form.elements[name].value;
    const words = fold(of("text")).split(/\s+/).filter(Boolean);
    const cause = data.causes.findIndex(([id]) => id === of("cause"));
    const from = of("from") === "" ? -Infinity : Number(of("from"));
    const to = of("to") === "" ? Infinity : Number(of("to"));
    const fits = (row) => {
      if (!words.every((word) => row.find.includes(word))) return false;
      if (of("section") && !row.s.split(", ").includes(of("section"))) return false;
      if (of("case") !== "" || of("outcome")) {
        const cells = of("case") === "" ? row.c : row.c[Number(of("case"))] || "";
        if (of("outcome") ? !cells.includes(of("outcome")) : !cells) return false;
      }
      if (of("cause") && !(cause >= 0 && row.w.includes(cause))) return false;
      const changed = form.elements.regrade ? of("regrade") : "";
      if (changed && !(changed === "changed" ? row.d : row.d.startsWith(changed))) return false;
      if ((of("from") !== "" || of("to") !== "") && (row.p < 0 || row.p < from || row.p > to)) return false;
      return !form.elements.open.checked || !/^\d+$/.test(row.m);
    };
    const rows = data.rows.filter(fits);
    rows.sort((a, b) => {
      const [x, y] = [value(a), value(b)];
      const order = typeof x === "number" ? x - y : inOrder(x, y);
      return (down ? -order : order) || inOrder(a.k, b.k);
    });
    return rows;
  };
  const link = (href, text) => {
    const made = element("a", text);
    made.href = href;
    return made;
  };
  const line = (row) => {
    const page = `${data.folder}/${row.h}.html`;
    const made = element("tr"), who = element("th");
    who.scope = "row";
    who.append(link(page, row.n));
    if (row.i) who.append(" ", element("span", row.i, "faint"));
    made.append(who);
    if (sections.length) made.append(element("td", row.s));
    const mark = element("td", row.m ? `${row.m}/${data.max}` : "none", "points");
    if (row.e) mark.append(" ", element("span", `earned ${row.e}`, "faint"));
    made.append(mark);
    if (regraded) made.append(element("td", { "=": "other cases", "m": "another mark", "?": "no final mark" }[row.d] || row.d.replace("-", "−"), "points"));
    made.append(element("td", row.l < 0 ? "" : row.l === 9999 ? "?" : String(row.l), "points"));
    const known = element("td", "", "known");
    for (const tag of row.t) known.append(element("span", tag, "tag"), " ");
    made.append(known);
    data.cases.forEach((one, at) => {
      const [kind, sign, word] = marks[row.c[at]] || ["note", "", "not graded"];
      const cell = element("td", "", kind);
      const cause = data.causes[row.w[at]];
      const failed = kind === "fail" || kind === "unknown";
      const to = link(`${page}#${failed ? `case-${at + 1}` : "cases"}`, "");
      const shown = element("span", sign);
      shown.setAttribute("aria-hidden", "true");
      to.append(shown, element("span", `${one[0]} ${word}`, "sr"));
      to.title = cause ? `${one[0]}: ${cause[2]}` : `${one[0]}: ${word}`;
      if (row.c) cell.append(to);
      made.append(cell);
    });
    return made;
  };
  const draw = () => {
    const rows = chosen();
    body.replaceChildren(...rows.slice(0, shown).map(line));
    for (const head of heads.children) {
      const own = head.dataset.key === key;
      head.ariaSort = own ? (down ? "descending" : "ascending") : null;
    }
    byId("count").textContent = `${rows.length} of ${data.rows.length}`;
    byId("more").hidden = rows.length <= shown;
  };
  const again = () => {
    shown = PART;
    draw();
  };
  form.addEventListener("input", again);
  form.addEventListener("reset", () => setTimeout(again));
  form.addEventListener("submit", (event) => event.preventDefault());
  byId("more").firstElementChild.addEventListener("click", () => {
    shown += 5 * PART;
    draw();
  });
  // `#cause=echo-one-1a2b3c` shows one group, also when it is opened from elsewhere; `#regrade=+` who gained.
  const byAddress = () => {
    const wanted = decodeURIComponent(location.hash).match(/^#(cause|regrade)=(.+)$/);
    if (!wanted || !form.elements[wanted[1]]) return;
    form.reset();
    form.elements[wanted[1]].value = wanted[2];
    setTimeout(() => {
      again();
      byId("students").scrollIntoView();
    });
  };
  addEventListener("hashchange", byAddress);
  for (const part of [form, byId("legend"), byId("scroll")]) part.hidden = false;
  draw();
  byAddress();
})();
