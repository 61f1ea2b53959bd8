// The pages, the questions, and what the portal is told of them.
"use strict";

const PAGES = ["welcome", "starts", "find", "put-out", "get-out", "quiz"];
const QUESTIONS = [
  {
    id: "order",
    asks: "You open a store room and see a fire. What do you do first?",
    choices: [
      ["a", "Look for an extinguisher"],
      ["b", "Shout “Fire!” and raise the alarm"],
      ["c", "Fetch your manager"],
    ],
    right: "b",
  },
  {
    id: "electrical",
    asks: "A computer is burning. The alarm is raised. Which extinguisher may be used?",
    choices: [
      ["a", "Water"],
      ["b", "Foam"],
      ["c", "Carbon dioxide"],
    ],
    right: "c",
  },
  {
    id: "doors",
    asks: "A fire door is wedged open because a trolley goes through all day. What do you do?",
    choices: [
      ["a", "Take the wedge away and report it"],
      ["b", "Leave it, as long as somebody is near"],
      ["c", "Close it at night"],
    ],
    right: "a",
  },
  {
    id: "lift",
    asks: "The alarm sounds and a patient cannot walk down the stairs. May you use the lift?",
    choices: [
      ["a", "Yes, if it is near"],
      ["b", "Yes, with one other person"],
      ["c", "No: go through the next fire doors on the same floor"],
    ],
    right: "c",
  },
  {
    id: "oxygen",
    asks: "A patient has finished with the oxygen mask. What do you do with the supply?",
    choices: [
      ["a", "Lay the mask on the bed, ready for the next time"],
      ["b", "Turn the oxygen off"],
      ["c", "Open a window"],
    ],
    right: "b",
  },
];

const $ = (id) => document.getElementById(id);
const state = { seen: [], answers: {}, tries: 0 };
let page = PAGES[0];
let connected = false;
let done = false;
let left = false;
let asked = Date.now();

function keep(note) {
  scorm.set("cmi.core.lesson_location", page);
  scorm.set("cmi.suspend_data", JSON.stringify(state));
  const kept = scorm.save();
  if (!connected) {
    $("saved").textContent = "This course is not connected to a portal, so nothing is kept.";
  } else {
    $("saved").textContent = kept ? note : "Your place could not be given to the portal. Keep this page open.";
  }
}

function show(name, focus) {
  page = name;
  if (!state.seen.includes(name)) state.seen.push(name);
  for (const other of [...PAGES, "left"]) $(other).hidden = other !== name;
  const at = PAGES.indexOf(name);
  $("where").textContent = `Page ${at + 1} of ${PAGES.length}`;
  $("progress").value = at + 1;
  $("back").hidden = at === 0;
  $("next").hidden = at === PAGES.length - 1;
  if (name === "quiz") asked = Date.now();
  if (focus) {
    window.scrollTo(0, 0);
    $(name).querySelector("h2").focus();
  }
}

function turn(by) {
  show(PAGES[PAGES.indexOf(page) + by], true);
  keep("Your place is kept.");
}

function build() {
  for (const question of QUESTIONS) {
    const set = document.createElement("fieldset");
    set.id = `question-${question.id}`;
    const legend = document.createElement("legend");
    legend.textContent = question.asks;
    set.append(legend);
    for (const [value, words] of question.choices) {
      const row = document.createElement("div");
      row.className = "choice";
      const input = document.createElement("input");
      input.type = "radio";
      input.name = question.id;
      input.value = value;
      input.id = `${question.id}-${value}`;
      input.checked = state.answers[question.id] === value;
      input.addEventListener("change", () => {
        state.answers[question.id] = value;
        keep("Your answer is kept.");
      });
      const label = document.createElement("label");
      label.htmlFor = input.id;
      label.textContent = words;
      row.append(input, label);
      set.append(row);
    }
    const answer = document.createElement("p");
    answer.className = "answer";
    answer.hidden = true;
    set.append(answer);
    $("fields").append(set);
  }
}

function tellAnswers() {
  let next = Number(scorm.get("cmi.interactions._count")) || 0;
  const now = new Date();
  const time = now.toTimeString().slice(0, 8);
  const latency = scorm.time((now - asked) / QUESTIONS.length);
  for (const question of QUESTIONS) {
    const given = state.answers[question.id];
    const name = `cmi.interactions.${next}`;
    scorm.set(`${name}.id`, `${question.id}_${state.tries}`);
    scorm.set(`${name}.type`, "choice");
    scorm.set(`${name}.time`, time);
    scorm.set(`${name}.weighting`, 1);
    scorm.set(`${name}.correct_responses.0.pattern`, question.right);
    scorm.set(`${name}.student_response`, given);
    scorm.set(`${name}.result`, given === question.right ? "correct" : "wrong");
    scorm.set(`${name}.latency`, latency);
    next += 1;
  }
}

function check(event) {
  event.preventDefault();
  const open = QUESTIONS.filter((question) => !state.answers[question.id]);
  $("problem").hidden = open.length === 0;
  if (open.length > 0) {
    $("problem").textContent = `Answer every question. ${open.length === 1 ? "One is" : `${open.length} are`} still open.`;
    $(`${open[0].id}-a`).focus();
    return;
  }
  state.tries += 1;
  tellAnswers();
  let right = 0;
  for (const question of QUESTIONS) {
    const good = state.answers[question.id] === question.right;
    right += good ? 1 : 0;
    const words = question.choices.find(([value]) => value === question.right)[1];
    const answer = $(`question-${question.id}`).querySelector(".answer");
    answer.textContent = good ? "Right." : `Not right. The answer is: ${words}.`;
    answer.className = `answer ${good ? "right" : "wrong"}`;
    answer.hidden = false;
  }
  const score = Math.round((right / QUESTIONS.length) * 100);
  const needed = Number(scorm.get("cmi.student_data.mastery_score")) || 80;
  const passed = score >= needed;
  // Who has passed stays so.
  if (passed || !done) {
    scorm.set("cmi.core.score.min", 0);
    scorm.set("cmi.core.score.max", 100);
    scorm.set("cmi.core.score.raw", score);
    scorm.set("cmi.core.lesson_status", passed ? "passed" : "failed");
  }
  done = done || passed;
  keep("Your result was given to the portal.");
  $("result").hidden = false;
  $("verdict").textContent = passed ? `You passed with ${score}%` : `You have ${score}%. You need ${needed}%`;
  $("told").textContent = passed
    ? "Well done. Choose Finish the course."
    : "Read the answers above, and try the questions again.";
  $("again").hidden = passed;
  $("leave").textContent = passed ? "Finish the course" : "Leave for now";
  $("verdict").focus();
}

function again() {
  state.answers = {};
  for (const input of document.querySelectorAll("#fields input")) input.checked = false;
  for (const answer of document.querySelectorAll(".answer")) answer.hidden = true;
  $("result").hidden = true;
  asked = Date.now();
  $("quiz").querySelector("h2").focus();
  keep("Your place is kept.");
}

function leave() {
  if (left) return;
  left = true;
  scorm.set("cmi.core.lesson_location", page);
  scorm.set("cmi.suspend_data", JSON.stringify(state));
  scorm.end(done ? "" : "suspend");
}

function start() {
  connected = scorm.start();
  let place = PAGES[0];
  if (connected) {
    const status = scorm.get("cmi.core.lesson_status");
    done = status === "passed" || status === "completed";
    if (status === "not attempted" || status === "") scorm.set("cmi.core.lesson_status", "incomplete");
    const before = scorm.get("cmi.core.lesson_location");
    if (PAGES.includes(before) && before !== PAGES[0] && confirm("Do you want to go on where you left the course?")) {
      place = before;
      try {
        const kept = JSON.parse(scorm.get("cmi.suspend_data"));
        state.seen = Array.isArray(kept.seen) ? kept.seen : [];
        state.answers = kept.answers || {};
        state.tries = Number(kept.tries) || 0;
      } catch {
        // Nothing that can be read: the place alone is enough.
      }
    }
  }
  build();
  $("questions").addEventListener("submit", check);
  $("again").addEventListener("click", again);
  $("next").addEventListener("click", () => turn(1));
  $("back").addEventListener("click", () => turn(-1));
  $("leave").addEventListener("click", () => {
    leave();
    for (const name of PAGES) $(name).hidden = true;
    $("pages").hidden = true;
    $("left").hidden = false;
    $("left").querySelector("h2").focus();
    $("saved").textContent = "";
  });
  // A window that is shut, and a phone that puts it aside.
  window.addEventListener("pagehide", leave);
  window.addEventListener("pageshow", (event) => {
    if (event.persisted) location.reload();
  });
  document.addEventListener("visibilitychange", () => {
    if (document.visibilityState === "hidden" && !left) keep("Your place is kept.");
  });
  show(place, false);
  keep("Your place is kept.");
}

start();
