// Finds the object that a learning portal gives a course of SCORM 1.2, and speaks to it.
"use strict";

const scorm = (() => {
  const FURTHEST = 10;

  function within(start) {
    let place = start;
    for (let step = 0; place && step < FURTHEST; step += 1) {
      try {
        if (place.API) return place.API;
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

  function time(milliseconds) {
    const seconds = Math.round(milliseconds / 1000);
    const two = (number) => String(number).padStart(2, "0");
    return `${String(Math.floor(seconds / 3600)).padStart(4, "0")}:${two(Math.floor(seconds / 60) % 60)}:${two(seconds % 60)}`;
  }

  return {
    start() {
      open = Boolean(api) && String(api.LMSInitialize("")) === "true";
      return open;
    },
    get(element) {
      return open ? String(api.LMSGetValue(element)) : "";
    },
    set(element, value) {
      return open && String(api.LMSSetValue(element, String(value))) === "true";
    },
    save() {
      return open && String(api.LMSCommit("")) === "true";
    },
    end(exit) {
      if (!open) return;
      this.set("cmi.core.session_time", time(Date.now() - began));
      this.set("cmi.core.exit", exit);
      this.save();
      api.LMSFinish("");
      open = false;
    },
    time,
  };
})();
