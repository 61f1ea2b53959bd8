// A lesson of some pages: shows one at a time, keeps the place, and is done at the end of the last.
"use strict";

(() => {
  const pages = [...document.querySelectorAll("main > section[id]")];
  const $ = (id) => document.getElementById(id);
  let at = 0;
  let furthest = 0;
  let connected = false;
  let done = false;
  let left = false;

  function tell(words) {
    $("saved").textContent = connected ? words : "This course is not connected to a portal, so nothing is kept.";
  }

  function keep() {
    scorm.set("cmi.location", pages[at].id);
    if (!done) scorm.set("cmi.progress_measure", ((furthest + 1) / (pages.length + 1)).toFixed(2));
    tell(scorm.save() ? "Your place is kept." : "Your place could not be given to the portal. Keep this page open.");
  }

  function show(next, focus) {
    at = next;
    furthest = Math.max(furthest, at);
    pages.forEach((page, index) => {
      page.hidden = index !== at;
    });
    $("where").textContent = `Page ${at + 1} of ${pages.length}`;
    $("progress").max = pages.length;
    $("progress").value = at + 1;
    $("back").hidden = at === 0;
    $("next").textContent = at === pages.length - 1 ? "Finish this lesson" : "Next";
    if (focus) {
      window.scrollTo(0, 0);
      pages[at].querySelector("h2").focus();
    }
  }

  function leave(request) {
    if (left) return;
    left = true;
    scorm.set("cmi.location", done ? pages[0].id : pages[at].id);
    scorm.end(done ? "normal" : "suspend", request);
  }

  function finish() {
    done = true;
    scorm.set("cmi.progress_measure", 1);
    scorm.set("cmi.completion_status", "completed");
    scorm.set("cmi.success_status", "passed");
    scorm.save();
    const further = scorm.get("adl.nav.request_valid.continue") !== "false";
    leave(further ? "continue" : "");
    for (const page of pages) page.hidden = true;
    $("pages").hidden = true;
    $("finished").hidden = false;
    $("finished").querySelector("h2").focus();
    $("saved").textContent = "";
  }

  connected = scorm.start();
  done = scorm.get("cmi.completion_status") === "completed";
  if (connected && !done) scorm.set("cmi.completion_status", "incomplete");
  const before = pages.findIndex((page) => page.id === scorm.get("cmi.location"));
  $("back").addEventListener("click", () => {
    show(at - 1, true);
    keep();
  });
  $("next").addEventListener("click", () => {
    if (at === pages.length - 1) {
      finish();
    } else {
      show(at + 1, true);
      keep();
    }
  });
  // A window that is shut, and a phone that puts it aside.
  window.addEventListener("pagehide", () => leave(""));
  window.addEventListener("pageshow", (event) => {
    if (event.persisted) location.reload();
  });
  document.addEventListener("visibilitychange", () => {
    if (document.visibilityState === "hidden" && !left) keep();
  });
  show(Math.max(0, before), false);
  keep();
})();
