// The questions, and what the portal is told of them.
"use strict";

(() => {
  const QUESTIONS = [
    {
      id: "first",
      asks: "Somebody asks to be helped up the bed. What do you think of first?",
      choices: [
        ["a", "Who could lift with me"],
        ["b", "Whether they can do it themselves, with time and a word"],
        ["c", "How heavy they are"],
      ],
      right: "b",
    },
    {
      id: "tile",
      asks: "What does the E of TILE stand for?",
      choices: [
        ["a", "Effort"],
        ["b", "Equipment"],
        ["c", "Environment"],
      ],
      right: "c",
    },
    {
      id: "turn",
      asks: "How do you turn with a load?",
      choices: [
        ["a", "With your feet"],
        ["b", "With your waist"],
        ["c", "With your shoulders"],
      ],
      right: "a",
    },
    {
      id: "hoist",
      asks: "What do you check each time before you use a hoist?",
      choices: [
        ["a", "Only that it is charged"],
        ["b", "The label, the sling and its size"],
        ["c", "That nobody else needs it"],
      ],
      right: "b",
    },
    {
      id: "fall",
      asks: "Somebody begins to fall beside you. What do you do?",
      choices: [
        ["a", "Catch them under the arms"],
        ["b", "Let them hold on to your neck"],
        ["c", "Move furniture away and protect the head if you can"],
      ],
      right: "c",
    },
  ];
  const NEEDED = 0.8;
  const $ = (id) => document.getElementById(id);
  const state = { answers: {}, tries: 0 };
  let connected = false;
  let done = false;
  let left = false;
  let asked = Date.now();

  function keep(note) {
    scorm.set("cmi.suspend_data", JSON.stringify(state));
    const kept = scorm.save();
    if (!connected) {
      $("saved").textContent = "This course is not connected to a portal, so nothing is kept.";
    } else {
      $("saved").textContent = kept ? note : "This could not be given to the portal. Keep this page open.";
    }
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
    const time = `${new Date().toISOString().slice(0, 19)}Z`;
    const latency = scorm.duration((Date.now() - asked) / QUESTIONS.length);
    for (const question of QUESTIONS) {
      const given = state.answers[question.id];
      const name = `cmi.interactions.${next}`;
      scorm.set(`${name}.id`, `${question.id}-${state.tries}`);
      scorm.set(`${name}.type`, "choice");
      scorm.set(`${name}.description`, question.asks);
      scorm.set(`${name}.timestamp`, time);
      scorm.set(`${name}.weighting`, 1);
      scorm.set(`${name}.correct_responses.0.pattern`, question.right);
      scorm.set(`${name}.learner_response`, given);
      scorm.set(`${name}.result`, given === question.right ? "correct" : "incorrect");
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
    const scaled = right / QUESTIONS.length;
    const passed = scaled >= NEEDED;
    // Who has passed stays so.
    if (passed || !done) {
      scorm.set("cmi.score.min", 0);
      scorm.set("cmi.score.max", QUESTIONS.length);
      scorm.set("cmi.score.raw", right);
      scorm.set("cmi.score.scaled", scaled);
      scorm.set("cmi.success_status", passed ? "passed" : "failed");
      scorm.set("cmi.completion_status", passed ? "completed" : "incomplete");
    }
    done = done || passed;
    keep("Your result was given to the portal.");
    $("result").hidden = false;
    const percent = Math.round(scaled * 100);
    $("verdict").textContent = passed ? `You passed with ${percent}%` : `You have ${percent}%. You need 80%`;
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
    window.scrollTo(0, 0);
    $("first-a").focus();
    keep("Your place is kept.");
  }

  function leave(request) {
    if (left) return;
    left = true;
    scorm.end(done ? "normal" : "suspend", request);
  }

  connected = scorm.start();
  done = scorm.get("cmi.success_status") === "passed";
  if (connected && !done) scorm.set("cmi.completion_status", "incomplete");
  try {
    const kept = JSON.parse(scorm.get("cmi.suspend_data"));
    state.answers = kept.answers || {};
    state.tries = Number(kept.tries) || 0;
  } catch {
    // The first time there is nothing.
  }
  build();
  $("questions").addEventListener("submit", check);
  $("again").addEventListener("click", again);
  $("leave").addEventListener("click", () => {
    leave(done ? "exitAll" : "suspendAll");
    $("questions").hidden = true;
    $("result").hidden = true;
    $("left").hidden = false;
    $("left").querySelector("h2").focus();
    $("saved").textContent = "";
  });
  // A window that is shut, and a phone that puts it aside.
  window.addEventListener("pagehide", () => leave(""));
  window.addEventListener("pageshow", (event) => {
    if (event.persisted) location.reload();
  });
  document.addEventListener("visibilitychange", () => {
    if (document.visibilityState === "hidden" && !left) keep("Your place is kept.");
  });
  keep("Your place is kept.");
})();
