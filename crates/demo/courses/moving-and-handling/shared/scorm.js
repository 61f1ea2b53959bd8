// Finds the object that a learning portal gives a course of SCORM 2004, and speaks to it.
"use strict";

const scorm = (() => {
  const FURTHEST = 10;

  function within(start) {
    let place = start;
    for (let step = 0; place && step < FURTHEST; step += 1) {
      try {
        if (place.API_1484_11) return place.API_1484_11;
      } catch {
        return null; // A page of somebody else.
      }
      if (place.parent === place) return null;
      place = place.parent;
    }
    return null;
  }

  function found() {
    let opener = null;
    try {
      opener = window.top.opener || window.opener;
    } catch {
      opener = window.opener;
    }
    return within(window) || (opener && within(opener));
  }

  const api = found();
  let open = false;
  const began = Date.now();

  // Seconds with two digits after the point at most, as the standard asks for.
  function duration(milliseconds) {
    return `PT${(Math.max(0, milliseconds) / 1000).toFixed(2)}S`;
  }

  return {
    start() {
      open = Boolean(api) && String(api.Initialize("")) === "true";
      return open;
    },
    get(element) {
      return open ? String(api.GetValue(element)) : "";
    },
    set(element, value) {
      return open && String(api.SetValue(element, String(value))) === "true";
    },
    save() {
      return open && String(api.Commit("")) === "true";
    },
    end(exit, request) {
      if (!open) return;
      this.set("cmi.session_time", duration(Date.now() - began));
      this.set("cmi.exit", exit);
      if (request) this.set("adl.nav.request", request);
      this.save();
      api.Terminate("");
      open = false;
    },
    duration,
  };
})();
