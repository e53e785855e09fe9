"use strict";
// The data of the page, its texts, and what draws geometry on a canvas. Everything else hangs on `siteplan`.
var siteplan = (function () {
  const data = JSON.parse(document.getElementById("siteplan-data").textContent);
  const state = { language: data.language, type: -1, map: null };

  // What a table holds under a key that comes from the data, or undefined.
  const own = (table, key) => (Object.hasOwn(table, key) ? table[key] : undefined);

  function text(key, values) {
    const message = own(data.texts[state.language], key);
    if (message === undefined) return key;
    return message.replace(/\{(\w+)\}/g, (whole, name) => (values && Object.hasOwn(values, name) ? String(values[name]) : whole));
  }

  function word(kind, name) {
    const key = kind + "." + name;
    return own(data.texts[state.language], key) === undefined ? name : text(key);
  }

  function number(value, digits) {
    if (value === null || value === undefined) return text("unknown");
    const locale = state.language === "zh" ? "zh-CN" : "en-GB";
    return value.toLocaleString(locale, { maximumFractionDigits: digits === undefined ? 0 : digits });
  }

  // Build an element; text goes in as text, never as markup.
  function make(tag, content, attributes) {
    const element = document.createElement(tag);
    if (attributes) for (const name in attributes) element.setAttribute(name, attributes[name]);
    for (const part of Array.isArray(content) ? content : [content]) {
      if (part === null || part === undefined) continue;
      element.append(part instanceof Node ? part : document.createTextNode(String(part)));
    }
    return element;
  }

  // A table of columns becomes a list of rows.
  function rows(table) {
    const names = Object.keys(table);
    const count = names.length ? table[names[0]].length : 0;
    return Array.from({ length: count }, (_, k) => Object.fromEntries(names.map((name) => [name, table[name][k]])));
  }

  // World coordinates: the Mercator square of 256 units that Leaflet uses at zoom 0.
  function world(longitude, latitude) {
    const sine = Math.sin((latitude * Math.PI) / 180);
    return [((longitude + 180) / 360) * 256, 128 - (Math.log((1 + sine) / (1 - sine)) / (4 * Math.PI)) * 256];
  }

  // Geometry comes as differences in millionths of a degree, vertex after vertex, ring after ring.
  function decode(geometry) {
    const vertices = geometry.xy.length / 2;
    const points = new Float64Array(geometry.xy.length);
    let x = 0;
    let y = 0;
    for (let k = 0; k < vertices; k++) {
      x += geometry.xy[2 * k];
      y += geometry.xy[2 * k + 1];
      const at = world(data.origin[0] + x / 1e6, data.origin[1] + y / 1e6);
      points[2 * k] = at[0];
      points[2 * k + 1] = at[1];
    }
    const shape = { points, first: [0], of: geometry.of, count: geometry.count, ring: new Int32Array(geometry.count + 1) };
    for (const length of geometry.n) shape.first.push(shape.first[shape.first.length - 1] + length);
    shape.ring.fill(0);
    for (const feature of geometry.of) shape.ring[feature + 1]++;
    for (let k = 0; k < geometry.count; k++) shape.ring[k + 1] += shape.ring[k];
    shape.box = boxes(shape);
    return shape;
  }

  function boxes(shape) {
    const box = new Float64Array(4 * shape.count);
    for (let f = 0; f < shape.count; f++) {
      let [left, top, right, bottom] = [Infinity, Infinity, -Infinity, -Infinity];
      for (let v = shape.first[shape.ring[f]]; v < shape.first[shape.ring[f + 1]]; v++) {
        left = Math.min(left, shape.points[2 * v]);
        right = Math.max(right, shape.points[2 * v]);
        top = Math.min(top, shape.points[2 * v + 1]);
        bottom = Math.max(bottom, shape.points[2 * v + 1]);
      }
      box.set([left, top, right, bottom], 4 * f);
    }
    return box;
  }

  // How world coordinates become pixels of the map's layers at the present zoom.
  function view(map) {
    const origin = map.getPixelOrigin();
    return { scale: map.options.crs.scale(map.getZoom()) / 256, x: origin.x, y: origin.y };
  }

  // Add the rings of a feature to the canvas path.
  function trace(context, shape, feature, at, closed) {
    for (let r = shape.ring[feature]; r < shape.ring[feature + 1]; r++) {
      for (let v = shape.first[r]; v < shape.first[r + 1]; v++) {
        const x = shape.points[2 * v] * at.scale - at.x;
        const y = shape.points[2 * v + 1] * at.scale - at.y;
        if (v === shape.first[r]) context.moveTo(x, y);
        else context.lineTo(x, y);
      }
      if (closed) context.closePath();
    }
  }

  // Whether a feature's box touches the visible part, in pixels: [left, top, right, bottom] or null.
  function visible(shape, feature, at, bounds) {
    const left = shape.box[4 * feature] * at.scale - at.x;
    const top = shape.box[4 * feature + 1] * at.scale - at.y;
    const right = shape.box[4 * feature + 2] * at.scale - at.x;
    const bottom = shape.box[4 * feature + 3] * at.scale - at.y;
    const inside = right >= bounds.min.x && left <= bounds.max.x && bottom >= bounds.min.y && top <= bounds.max.y;
    return inside ? [left, top, right, bottom] : null;
  }

  // Whether the world point lies in the feature (even-odd).
  function contains(shape, feature, px, py) {
    const b = 4 * feature;
    if (px < shape.box[b] || py < shape.box[b + 1] || px > shape.box[b + 2] || py > shape.box[b + 3]) return false;
    let odd = false;
    for (let r = shape.ring[feature]; r < shape.ring[feature + 1]; r++) {
      for (let v = shape.first[r], w = shape.first[r + 1] - 1; v < shape.first[r + 1]; w = v++) {
        const [x, y, u, t] = [shape.points[2 * v], shape.points[2 * v + 1], shape.points[2 * w], shape.points[2 * w + 1]];
        if (y > py !== t > py && px < ((u - x) * (py - y)) / (t - y) + x) odd = !odd;
      }
    }
    return odd;
  }

  // A canvas that moves and zooms with the map and is painted whole by one function: paint(context, view, bounds).
  const Sheet = L.Renderer.extend({
    initialize(pane, paint) {
      L.Renderer.prototype.initialize.call(this, { pane, padding: 0.1 });
      this._paint = paint;
    },
    _initContainer() {
      this._container = make("canvas", null, { class: "sp-sheet" });
      this._container.dataset.pane = this.options.pane;
    },
    _destroyContainer() {
      this._container.remove();
      delete this._container;
    },
    _updatePaths() {},
    _reset() {
      this._update(); // and no transform after it: a fraction of a pixel would blur what was just painted
    },
    _update() {
      if (this._map._animatingZoom && this._bounds) return;
      L.Renderer.prototype._update.call(this);
      this.repaint();
    },
    repaint() {
      if (!this._map) return;
      const size = this._bounds.getSize();
      const dense = Math.min(window.devicePixelRatio || 1, 2);
      const canvas = this._container;
      L.DomUtil.setPosition(canvas, this._bounds.min);
      canvas.width = Math.round(size.x * dense);
      canvas.height = Math.round(size.y * dense);
      canvas.style.width = size.x + "px";
      canvas.style.height = size.y + "px";
      const context = canvas.getContext("2d");
      context.scale(dense, dense);
      context.translate(-this._bounds.min.x, -this._bounds.min.y);
      this._paint(context, view(this._map), this._bounds);
    },
  });

  return { data, state, own, text, word, number, make, rows, world, decode, view, trace, visible, contains, Sheet };
})();
