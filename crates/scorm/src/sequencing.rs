//! Simple sequencing of SCORM 2004, in the words of scorm-again 3.4.3: what its activity tree takes for one activity.
//!
//! Where it differs from the standard's: its defaults, so all that matters is said each time; percents are from 0 to 100;
//! `reorderChildren` and `selectionCountStatus` are how far it has got and not what is wanted; objectives without an id are passed
//! over.

use std::collections::HashMap;

use serde_json::{Map, Value, json};

use crate::{
    FindingKind,
    budget::Budget,
    finding::Findings,
    xml::{Element, Space},
};

/// `imsss:sequencing` that several activities share, by their `ID`.
pub(crate) type Collection<'m> = HashMap<&'m str, &'m Element>;

/// What an activity's sequencing says.
#[derive(Default)]
pub(crate) struct Sequenced {
    /// For scorm-again.
    pub(crate) settings: Map<String, Value>,
    /// From -1 to 1, where a scaled score decides.
    pub(crate) scaled_passing: Option<f64>,
    /// `attemptAbsoluteDurationLimit`.
    pub(crate) max_time: Option<String>,
}

const CONDITIONS: [&str; 12] = [
    "satisfied",
    "objectiveStatusKnown",
    "objectiveMeasureKnown",
    "objectiveMeasureGreaterThan",
    "objectiveMeasureLessThan",
    "completed",
    "activityProgressKnown",
    "attempted",
    "attemptLimitExceeded",
    "timeLimitExceeded",
    "outsideAvailableTimeRange",
    "always",
];
const ROLLUP_CONDITIONS: [&str; 7] = [
    "satisfied",
    "objectiveStatusKnown",
    "objectiveMeasureKnown",
    "completed",
    "activityProgressKnown",
    "attempted",
    "attemptLimitExceeded",
];
const TIMINGS: [&str; 3] = ["never", "once", "onEachNewAttempt"];
const REQUIRED: [&str; 4] = ["always", "ifAttempted", "ifNotSkipped", "ifNotSuspended"];
/// Kinds of rule, as the manifest and as scorm-again names them, with their actions.
const RULES: [(&str, &str, &[&str]); 3] = [
    (
        "preConditionRule",
        "preConditionRules",
        &["skip", "disabled", "hiddenFromChoice", "stopForwardTraversal"],
    ),
    ("exitConditionRule", "exitConditionRules", &["exit"]),
    (
        "postConditionRule",
        "postConditionRules",
        &["exitParent", "exitAll", "retry", "retryAll", "continue", "previous"],
    ),
];
/// What an objective reads from a shared one and writes to it: of the standard, and of ADL's extension to it.
const READS: [&str; 2] = ["readSatisfiedStatus", "readNormalizedMeasure"];
const WRITES: [&str; 2] = ["writeSatisfiedStatus", "writeNormalizedMeasure"];
const MORE_READS: [&str; 5] =
    ["readRawScore", "readMinScore", "readMaxScore", "readCompletionStatus", "readProgressMeasure"];
const MORE_WRITES: [&str; 5] =
    ["writeRawScore", "writeMinScore", "writeMaxScore", "writeCompletionStatus", "writeProgressMeasure"];
/// A `mapInfo` becomes so many bytes more than it is.
const OF_MAP: usize = 1024;

/// The sequencing of an item or organisation; none where the budget is spent.
pub(crate) fn of(
    item: &Element,
    identifier: &str,
    shared: &Collection<'_>,
    findings: &mut Findings,
    budget: &mut Budget,
) -> Option<Sequenced> {
    let own = item.child(Space::Sequencing, "sequencing");
    let referred = own.and_then(|own| own.own("IDRef")).and_then(|id| {
        let found = shared.get(id).copied();
        if found.is_none() {
            findings.add(FindingKind::BadValue, format!("IDRef=\"{id}\""));
        }
        found
    });
    let weight = [own, referred].into_iter().flatten().map(Element::weight).sum();
    if !budget.take(weight) {
        return None;
    }
    let sequenced = Reader { own, referred, identifier, findings, budget }.all();
    (!budget.is_spent()).then_some(sequenced)
}

struct Reader<'r> {
    own: Option<&'r Element>,
    referred: Option<&'r Element>,
    identifier: &'r str,
    findings: &'r mut Findings,
    budget: &'r mut Budget,
}

/// The `mapInfo`s of an objective, one for each target.
#[derive(Default)]
struct Maps<'r> {
    found: Vec<Map<String, Value>>,
    /// Where that of a target is.
    places: HashMap<&'r str, usize>,
}

impl<'r> Reader<'r> {
    /// A part: its own, or else that of what it refers to.
    fn part(&self, space: Space, name: &str) -> Option<&'r Element> {
        let in_one =
            |sequencing: Option<&'r Element>| sequencing.and_then(|element| element.child(space, name));
        in_one(self.own).or_else(|| in_one(self.referred))
    }

    fn all(mut self) -> Sequenced {
        let mut settings = Map::new();
        let controls = self.controls();
        settings.insert("sequencingControls".into(), controls.into());
        if let Some(delivery) = self.part(Space::Sequencing, "deliveryControls") {
            let mut controls = Map::new();
            for (name, usual) in
                [("tracked", true), ("completionSetByContent", false), ("objectiveSetByContent", false)]
            {
                controls.insert(name.into(), self.flag(delivery, name, usual).into());
            }
            settings.insert("deliveryControls".into(), controls.into());
        }
        if let Some(rules) = self.part(Space::Sequencing, "sequencingRules") {
            let rules = self.rules(rules);
            if !rules.is_empty() {
                settings.insert("sequencingRules".into(), rules.into());
            }
        }
        if let Some(rules) = self.part(Space::Sequencing, "rollupRules") {
            let rules: Vec<Value> = rules
                .all(Space::Sequencing, "rollupRule")
                .filter_map(|rule| self.rollup_rule(rule))
                .collect();
            if !rules.is_empty() {
                settings.insert("rollupRules".into(), json!({ "rules": rules }));
            }
        }
        if let Some(considerations) = self.part(Space::AdlSequencing, "rollupConsiderations") {
            let mut found = Map::new();
            for name in [
                "requiredForSatisfied",
                "requiredForNotSatisfied",
                "requiredForCompleted",
                "requiredForIncomplete",
            ] {
                if let Some(value) = self.one_of(considerations, name, &REQUIRED) {
                    found.insert(name.into(), value.into());
                }
            }
            let active = self.flag(considerations, "measureSatisfactionIfActive", true);
            found.insert("measureSatisfactionIfActive".into(), active.into());
            settings.insert("rollupConsiderations".into(), found.into());
        }
        let max_time = self.limits(&mut settings);
        let scaled_passing = self.objectives(&mut settings);
        self.auxiliary(&mut settings);
        Sequenced { settings, scaled_passing, max_time }
    }

    fn controls(&mut self) -> Map<String, Value> {
        let mut controls = Map::new();
        let mode = self.part(Space::Sequencing, "controlMode");
        for (name, usual) in [
            ("choice", true),
            ("choiceExit", true),
            ("flow", false),
            ("forwardOnly", false),
            ("useCurrentAttemptObjectiveInfo", true),
            ("useCurrentAttemptProgressInfo", true),
        ] {
            let value = mode.map_or(usual, |mode| self.flag(mode, name, usual));
            controls.insert(name.into(), value.into());
        }
        if let Some(choice) = self.part(Space::AdlSequencing, "constrainedChoiceConsiderations") {
            for name in ["preventActivation", "constrainChoice"] {
                controls.insert(name.into(), self.flag(choice, name, false).into());
            }
        }
        if let Some(rollup) = self.part(Space::Sequencing, "rollupRules") {
            for name in ["rollupObjectiveSatisfied", "rollupProgressCompletion"] {
                controls.insert(name.into(), self.flag(rollup, name, true).into());
            }
            let weight = self.number(rollup, "objectiveMeasureWeight", 0.0, 1.0).unwrap_or(1.0);
            controls.insert("objectiveMeasureWeight".into(), weight.into());
        }
        if let Some(random) = self.part(Space::Sequencing, "randomizationControls") {
            for name in ["selectionTiming", "randomizationTiming"] {
                let timing = self.one_of(random, name, &TIMINGS).unwrap_or("never");
                controls.insert(name.into(), timing.into());
            }
            if let Some(count) = self.count(random, "selectCount") {
                controls.insert("selectCount".into(), count.into());
            }
            controls.insert("randomizeChildren".into(), self.flag(random, "reorderChildren", false).into());
        }
        controls
    }

    fn rules(&mut self, rules: &Element) -> Map<String, Value> {
        let mut found = Map::new();
        for (kind, named, actions) in RULES {
            let of_kind: Vec<Value> =
                rules.all(Space::Sequencing, kind).filter_map(|rule| self.rule(rule, actions)).collect();
            if !of_kind.is_empty() {
                found.insert(named.into(), of_kind.into());
            }
        }
        found
    }

    fn rule(&mut self, rule: &Element, actions: &'static [&'static str]) -> Option<Value> {
        let action = self.action(rule, "ruleAction", actions)?;
        let group = rule.child(Space::Sequencing, "ruleConditions")?;
        let combination = self.one_of(group, "conditionCombination", &["all", "any"]).unwrap_or("all");
        let mut conditions = Vec::new();
        for condition in group.all(Space::Sequencing, "ruleCondition") {
            let name = self.one_of(condition, "condition", &CONDITIONS)?;
            let mut one = Map::new();
            one.insert("condition".into(), name.into());
            if self.one_of(condition, "operator", &["noOp", "not"]) == Some("not") {
                one.insert("operator".into(), "not".into());
            }
            if let Some(objective) = condition.own("referencedObjective").filter(|id| !id.is_empty()) {
                one.insert("referencedObjective".into(), objective.into());
            }
            if let Some(threshold) = self.number(condition, "measureThreshold", -1.0, 1.0) {
                one.insert("parameters".into(), json!({ "threshold": threshold }));
            }
            conditions.push(Value::Object(one));
        }
        // A rule without conditions would always hold.
        (!conditions.is_empty()).then(
            || json!({ "action": action, "conditionCombination": combination, "conditions": conditions }),
        )
    }

    fn rollup_rule(&mut self, rule: &Element) -> Option<Value> {
        let action =
            self.action(rule, "rollupAction", &["satisfied", "notSatisfied", "completed", "incomplete"])?;
        let group = rule.child(Space::Sequencing, "rollupConditions")?;
        let combination = self.one_of(group, "conditionCombination", &["all", "any"]).unwrap_or("any");
        let children = self
            .one_of(rule, "childActivitySet", &["all", "any", "none", "atLeastCount", "atLeastPercent"])
            .unwrap_or("all");
        let mut conditions = Vec::new();
        for condition in group.all(Space::Sequencing, "rollupCondition") {
            let name = self.one_of(condition, "condition", &ROLLUP_CONDITIONS)?;
            let name = if name == "activityProgressKnown" { "progressKnown" } else { name };
            let negated = self.one_of(condition, "operator", &["noOp", "not"]) == Some("not");
            conditions.push(json!({ "condition": name, "operator": if negated { "not" } else { "noOp" } }));
        }
        if conditions.is_empty() {
            return None;
        }
        let count = self.count(rule, "minimumCount").unwrap_or(0);
        let percent = self.number(rule, "minimumPercent", 0.0, 1.0).unwrap_or(0.0) * 100.0;
        Some(json!({
            "action": action,
            "consideration": children,
            "minimumCount": count,
            "minimumPercent": percent,
            "conditionCombination": combination,
            "conditions": conditions,
        }))
    }

    fn action(
        &mut self,
        rule: &Element,
        name: &str,
        actions: &'static [&'static str],
    ) -> Option<&'static str> {
        let element = rule.child(Space::Sequencing, name)?;
        self.one_of(element, "action", actions)
    }

    fn limits(&mut self, settings: &mut Map<String, Value>) -> Option<String> {
        let limits = self.part(Space::Sequencing, "limitConditions")?;
        if let Some(attempts) = self.count(limits, "attemptLimit") {
            settings.insert("attemptLimit".into(), attempts.into());
        }
        for name in [
            "attemptAbsoluteDurationLimit",
            "activityAbsoluteDurationLimit",
            "beginTimeLimit",
            "endTimeLimit",
        ] {
            if let Some(limit) = limits.own(name).filter(|limit| !limit.is_empty() && limit.len() <= 64) {
                settings.insert(name.into(), limit.into());
            }
        }
        let longest = settings.get("attemptAbsoluteDurationLimit");
        longest.and_then(Value::as_str).map(str::to_owned)
    }

    fn objectives(&mut self, settings: &mut Map<String, Value>) -> Option<f64> {
        let objectives = self.part(Space::Sequencing, "objectives")?;
        let mut more = Collection::new();
        if let Some(objectives) = self.part(Space::AdlSequencing, "objectives") {
            for objective in objectives.all(Space::AdlSequencing, "objective") {
                if let Some(id) = objective.own("objectiveID") {
                    more.entry(id).or_insert(objective);
                }
            }
        }
        let mut scaled_passing = None;
        if let Some(primary) = objectives.child(Space::Sequencing, "primaryObjective") {
            let passing;
            let mut found;
            (found, passing) = self.objective(primary, &mut more);
            // The id may be left out, and then this is the only thing to name it by.
            found.entry("objectiveID").or_insert_with(|| format!("{}-primary", self.identifier).into());
            found.insert("isPrimary".into(), true.into());
            scaled_passing = passing;
            settings.insert("primaryObjective".into(), found.into());
        }
        let mut others = Vec::new();
        for objective in objectives.all(Space::Sequencing, "objective") {
            let (found, _) = self.objective(objective, &mut more);
            if found.contains_key("objectiveID") {
                others.push(Value::Object(found));
            } else {
                self.findings.add(FindingKind::BadValue, format!("{}: objectiveID", self.identifier));
            }
        }
        if !others.is_empty() {
            settings.insert("objectives".into(), others.into());
        }
        scaled_passing
    }

    /// `more` is what ADL's extension says of objectives, each of which is said of one.
    fn objective(
        &mut self,
        objective: &'r Element,
        more: &mut Collection<'r>,
    ) -> (Map<String, Value>, Option<f64>) {
        let mut found = Map::new();
        let id = objective.own("objectiveID").filter(|id| !id.is_empty());
        if let Some(id) = id {
            found.insert("objectiveID".into(), id.into());
        }
        let by_measure = self.flag(objective, "satisfiedByMeasure", false);
        found.insert("satisfiedByMeasure".into(), by_measure.into());
        let least = objective
            .child(Space::Sequencing, "minNormalizedMeasure")
            .and_then(Element::text)
            .and_then(|text| self.parsed("minNormalizedMeasure", &text, -1.0, 1.0));
        let passing = by_measure.then(|| least.unwrap_or(1.0));
        if let Some(passing) = passing {
            found.insert("minNormalizedMeasure".into(), passing.into());
        }
        let mut maps = Maps::default();
        for map in objective.all(Space::Sequencing, "mapInfo") {
            self.map(map, &READS, &WRITES, &mut maps);
        }
        let extended = id.and_then(|id| more.remove(id));
        for map in extended.iter().flat_map(|other| other.all(Space::AdlSequencing, "mapInfo")) {
            self.map(map, &MORE_READS, &MORE_WRITES, &mut maps);
        }
        if !maps.found.is_empty() {
            let maps: Vec<Value> = maps.found.into_iter().map(Value::Object).collect();
            found.insert("mapInfo".into(), maps.into());
        }
        (found, passing)
    }

    /// Adds what a `mapInfo` says to what is said of its target already.
    fn map(&mut self, map: &'r Element, reads: &[&str], writes: &[&str], maps: &mut Maps<'r>) {
        let Some(target) = map.own("targetObjectiveID").filter(|target| !target.is_empty()) else {
            self.findings.add(FindingKind::BadValue, format!("{}: targetObjectiveID", self.identifier));
            return;
        };
        if !self.budget.take(OF_MAP) {
            return;
        }
        let place = *maps.places.entry(target).or_insert_with(|| {
            let mut none = Map::new();
            none.insert("targetObjectiveID".into(), target.into());
            for name in READS.iter().chain(&WRITES).chain(&MORE_READS).chain(&MORE_WRITES) {
                none.insert((*name).into(), false.into());
            }
            maps.found.push(none);
            maps.found.len() - 1
        });
        for (names, usual) in [(reads, true), (writes, false)] {
            for name in names {
                let value = self.flag(map, name, usual);
                maps.found[place].insert((*name).into(), value.into());
            }
        }
    }

    fn auxiliary(&mut self, settings: &mut Map<String, Value>) {
        let Some(resources) = self.part(Space::Sequencing, "auxiliaryResources") else { return };
        let found: Vec<Value> = resources
            .all(Space::Sequencing, "auxiliaryResource")
            .filter_map(|resource| {
                let id = resource.own("auxiliaryResourceID").filter(|id| !id.is_empty())?;
                Some(json!({ "resourceId": id, "purpose": resource.own("purpose").unwrap_or_default() }))
            })
            .collect();
        if !found.is_empty() {
            settings.insert("auxiliaryResources".into(), found.into());
        }
    }

    fn flag(&mut self, element: &Element, name: &str, usual: bool) -> bool {
        match element.own(name) {
            None => usual,
            Some(value) => truth(value).unwrap_or_else(|| {
                self.bad(name, value);
                usual
            }),
        }
    }

    /// One of the words of a list, as the list writes it.
    fn one_of(&mut self, element: &Element, name: &str, words: &[&'static str]) -> Option<&'static str> {
        let value = element.own(name)?;
        let found = words.iter().copied().find(|word| word.eq_ignore_ascii_case(value));
        if found.is_none() {
            self.bad(name, value);
        }
        found
    }

    fn number(&mut self, element: &Element, name: &str, least: f64, most: f64) -> Option<f64> {
        let value = element.own(name)?;
        self.parsed(name, value, least, most)
    }

    fn parsed(&mut self, name: &str, value: &str, least: f64, most: f64) -> Option<f64> {
        let found = value.parse().ok().filter(|number| (least..=most).contains(number));
        if found.is_none() {
            self.bad(name, value);
        }
        found
    }

    fn count(&mut self, element: &Element, name: &str) -> Option<u32> {
        let value = element.own(name)?;
        let found = value.parse().ok();
        if found.is_none() {
            self.bad(name, value);
        }
        found
    }

    fn bad(&mut self, name: &str, value: &str) {
        self.findings.add(FindingKind::BadValue, format!("{}: {name}=\"{value}\"", self.identifier));
    }
}

/// `true`, `false`, and the same as numbers.
pub(crate) fn truth(value: &str) -> Option<bool> {
    match value {
        "1" => Some(true),
        "0" => Some(false),
        other if other.eq_ignore_ascii_case("true") => Some(true),
        other if other.eq_ignore_ascii_case("false") => Some(false),
        _ => None,
    }
}
