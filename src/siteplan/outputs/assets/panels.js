"use strict";
// The panels beside the map: title, figures, type select, layers and legend, unmet rules; and the language.
(function () {
  const { data, state, own, text, number, make } = siteplan;
  const byId = (id) => document.getElementById(id);
  siteplan.unmet = siteplan.rows(data.unmet);

  function title() {
    const head = data.head;
    const line = text(head.study ? "title" : "title_plain", head);
    byId("sp-title").textContent = document.title = line;
    const badges = [];
    const hard = siteplan.unmet.filter((row) => row.strength === "hard").length;
    badges.push(make("span", hard ? text("hard_unmet", { n: number(hard) }) : text("hard_met"), { class: hard ? "bad" : "good" }));
    if (!head.stages.length) badges.push(make("span", text("no_proof")));
    else if (head.proven) badges.push(make("span", text("proven"), { class: "good" }));
    else badges.push(make("span", text("not_proven", { gap: percent(head.gap), stage: siteplan.word("stage", head.worst_stage) })));
    const basis = head.basis[siteplan.state.language];
    if (basis) badges.push(make("span", text("basis_of_distance", { basis })));
    byId("sp-proof").replaceChildren(...badges);
  }

  function percent(share) {
    return share === null ? text("unknown") : number(100 * share, share < 0.01 ? 3 : 1) + " %";
  }

  function figures() {
    const count = (status) => siteplan.facilities.filter((facility) => facility.status === status).length;
    const cost = siteplan.facilities.reduce((sum, facility) => sum + (facility.cost_yuan || 0), 0);
    const households = data.buildings.households.reduce((sum, n) => sum + n, 0);
    const tiles = [
      [number(count("new")), "new_facilities"],
      [number(count("extended")), "extended_facilities"],
      [number(count("existing")), "existing_facilities"],
      [number(households), "households"],
      [number(siteplan.communities.length), "communities"],
      [number(cost), "cost_yuan"],
    ];
    byId("sp-figures").replaceChildren(...tiles.map(([value, key]) => make("div", [make("b", value), make("span", text(key))])));
  }

  function typeChoices() {
    const choices = [make("option", text("all_types"), { value: "-1" })];
    for (const type of data.service.types) choices.push(make("option", siteplan.typeName(type), { value: type }));
    const select = byId("sp-type");
    select.replaceChildren(...choices);
    select.value = String(state.type);
  }

  function share() {
    const sums = [0, 0, 0, 0];
    data.buildings.households.forEach((households, b) => { sums[siteplan.codes[b]] += households; });
    const total = sums[0] + sums[1] + sums[2];
    const bar = make("div", null, { class: "sp-bar" });
    const lines = [bar];
    for (const code of [0, 1, 2]) {
      const colour = data.style.service[code];
      const part = total ? sums[code] / total : 0;
      bar.append(make("span", null, { style: "width:" + 100 * part + "%;background:" + colour }));
      const key = state.type < 0 && code ? "service_any." + code : "service." + code;
      const value = make("b", number(sums[code]) + " (" + percent(part) + ")");
      lines.push(make("div", [make("i", null, { style: "background:" + colour }), make("span", text(key)), value], { class: "sp-key" }));
    }
    lines.push(make("div", [make("i", null, { style: "background:" + data.style.service[3] }), make("span", text("service.3"))], { class: "sp-key" }));
    byId("sp-share").replaceChildren(...lines);
  }

  // How the outline of a facility's mark tells new, extended and existing ones apart.
  function states() {
    const item = (status) => make("li", [make("i", null, { class: status }), make("span", text("status." + status), { "data-text": "status." + status })], { class: "sp-key" });
    return make("ul", ["new", "extended", "existing"].map(item), { id: "sp-states" });
  }

  function stages() {
    const heading = make("tr", ["stage", "value", "gap", "solver_status"].map((key) => make("th", text(key))));
    const lines = data.head.stages.map((stage) =>
      make("tr", [
        make("td", siteplan.word("stage", stage.stage)),
        make("td", number(stage.value, 4)),
        make("td", percent(stage.gap)),
        make("td", siteplan.word("solver", stage.status)),
      ]));
    byId("sp-stages").querySelector("table").replaceChildren(heading, ...lines);
  }

  function provenance() {
    const label = (key) => key.split(":").map((part, n) => (n ? part : siteplan.word("provenance", part))).join(":");
    const items = Object.entries(data.provenance).flatMap(([key, value]) => [make("dt", label(key)), make("dd", value)]);
    byId("sp-provenance").querySelector("dl").replaceChildren(...items);
    byId("sp-source").textContent = data.head.attribution;
  }

  function unitName(row) {
    const facility = siteplan.facilities.find((other) => other.id === row.unit_id);
    if (facility) return facility.site_name || facility.site_id;
    return own(data.townships, row.unit_id) || siteplan.communityName(row.unit_id);
  }

  // Show on the map what an unmet rule speaks of.
  function goTo(row) {
    const facility = siteplan.facilities.find((other) => other.id === row.unit_id);
    const community = siteplan.communities.find((other) => other.id === row.unit_id);
    const target = facility || community;
    if (!target) return;
    state.map.setView([target.lat, target.lon], Math.max(state.map.getZoom(), 15), { animate: false });
    const found = facility ? { kind: "facility", facility } : { kind: "communities", row: siteplan.communities.indexOf(community) };
    siteplan.open(found, [target.lat, target.lon]);
  }

  function unmet() {
    const all = siteplan.unmet;
    const panel = byId("sp-unmet");
    panel.classList.toggle("none", all.length === 0);
    panel.classList.toggle("no-hard", all.every((row) => row.strength !== "hard"));
    const of = (strength) => number(all.filter((row) => row.strength === strength).length);
    const summary = all.length ? text("unmet_summary", { n: number(all.length), hard: of("hard"), target: of("target"), soft: of("soft") }) : text("all_met");
    const mark = all.length === 0 ? "" : panel.classList.contains("closed") ? "▸ " : "▾ ";
    byId("sp-unmet-toggle").textContent = mark + summary;
    const heading = ["rule", "strength", "type", "unit", "required", "achieved", "shortfall"];
    const header = make("thead", make("tr", heading.map((key, k) => make("th", text(key), { class: k > 3 ? "number" : "" }))));
    const line = (row) => {
      const amount = (value) => make("td", number(value, 1) + " " + siteplan.unit(row.unit), { class: "number" });
      const strength = make("td", text("strength." + row.strength), { class: "strength-" + row.strength });
      const clause = (own(data.rules, row.rule_id) || { key_phrase: "" }).key_phrase;
      const type = siteplan.typeNames(row.type);
      const cells = [make("td", row.rule_id, { title: clause }), strength, make("td", type), make("td", unitName(row))];
      const element = make("tr", [...cells, amount(row.required), amount(row.achieved), amount(row.shortfall)]);
      element.addEventListener("click", () => goTo(row));
      return element;
    };
    byId("sp-unmet-rows").querySelector("table").replaceChildren(header, make("tbody", all.map(line)));
  }

  // Dress Leaflet's layer control: swatches, and the facility types under a heading with two buttons.
  function dressControl() {
    for (const swatch of byId("sp-layers").querySelectorAll("[data-type]")) {
      const type = data.types[Number(swatch.dataset.type)];
      swatch.textContent = type.symbol;
      swatch.style.background = type.colour;
      swatch.style.color = type.on;
    }
    const first = byId("sp-layers").querySelector("[data-type]");
    if (!first || byId("sp-layers").querySelector("h3")) return;
    const press = (wanted) => {
      for (const swatch of byId("sp-layers").querySelectorAll("[data-type]")) {
        const input = swatch.closest("label").querySelector("input");
        if (input.checked !== wanted) input.click();
      }
    };
    const button = (key, wanted) => {
      const element = make("button", text(key), { type: "button", "data-text": key });
      element.addEventListener("click", () => press(wanted));
      return element;
    };
    const heading = make("h3", [make("span", text("facilities"), { "data-text": "facilities" }), button("show_all", true), button("show_none", false)]);
    first.closest("label").before(heading, states());
  }

  function speak(language) {
    state.language = language;
    document.documentElement.lang = language === "zh" ? "zh-CN" : "en";
    dressControl();
    for (const element of document.querySelectorAll("[data-text]")) element.textContent = text(element.dataset.text);
    for (const element of document.querySelectorAll("[data-type-name]")) element.textContent = siteplan.typeName(Number(element.dataset.typeName));
    byId("sp-language").textContent = text("other_language");
    for (const write of [title, figures, typeChoices, share, stages, provenance, unmet]) write();
    state.map.closePopup();
  }

  // Called last by the page's script, when every layer is on the map.
  function start(map, control) {
    byId("sp-layers").append(control.getContainer());
    map.attributionControl.remove();
    L.control.scale({ imperial: false, maxWidth: 140 }).addTo(map);
    byId("sp-language").addEventListener("click", () => speak(state.language === "zh" ? "en" : "zh"));
    byId("sp-type").addEventListener("change", (event) => {
      siteplan.showType(Number(event.target.value));
      share();
    });
    byId("sp-unmet-toggle").addEventListener("click", () => {
      byId("sp-unmet").classList.toggle("closed");
      unmet();
    });
    siteplan.listen(map);
    map.on("overlayadd overlayremove", dressControl); // the control writes its list anew when a layer is switched by a program
    speak(state.language);
    map.invalidateSize({ animate: false });
    new ResizeObserver(() => map.invalidateSize({ animate: false })).observe(map.getContainer());
    map.fitBounds(data.bounds, { padding: [18, 18], animate: false });
    document.documentElement.dataset.ready = "true";
  }

  Object.assign(siteplan, { start, speak });
})();
