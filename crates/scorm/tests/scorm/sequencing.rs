//! Sequencing, word by word as scorm-again 3.4.3 takes it.

use scorm::FindingKind;
use serde_json::{Value, json};

use crate::read;

/// With all that sequencing has.
pub(crate) const WHOLE: &str = r#"<manifest identifier="m" xmlns="http://www.imsglobal.org/xsd/imscp_v1p1" xmlns:adlcp="http://www.adlnet.org/xsd/adlcp_v1p3"
  xmlns:adlseq="http://www.adlnet.org/xsd/adlseq_v1p3" xmlns:imsss="http://www.imsglobal.org/xsd/imsss">
  <metadata><schema>ADL SCORM</schema><schemaversion>2004 4th Edition</schemaversion></metadata>
  <organizations default="o"><organization identifier="o"><title>Lifting</title>
    <item identifier="lesson" identifierref="r"><title>Lesson</title>
      <imsss:sequencing IDRef="common">
        <imsss:deliveryControls completionSetByContent="true" objectiveSetByContent="1"/>
        <imsss:objectives>
          <imsss:primaryObjective objectiveID="done" satisfiedByMeasure="true"><imsss:minNormalizedMeasure>0.8</imsss:minNormalizedMeasure>
            <imsss:mapInfo targetObjectiveID="shared" readSatisfiedStatus="false" writeSatisfiedStatus="true"/></imsss:primaryObjective>
          <imsss:objective objectiveID="other"/>
          <imsss:objective/>
        </imsss:objectives>
        <adlseq:objectives><adlseq:objective objectiveID="done"><adlseq:mapInfo targetObjectiveID="shared" readRawScore="false" writeRawScore="true"/></adlseq:objective></adlseq:objectives>
        <adlseq:constrainedChoiceConsiderations preventActivation="true" constrainChoice="true"/>
        <adlseq:rollupConsiderations requiredForSatisfied="ifAttempted" requiredForCompleted="ifNotSkipped" measureSatisfactionIfActive="false"/>
      </imsss:sequencing>
    </item>
    <item identifier="test" identifierref="r"><title>Test</title>
      <imsss:sequencing>
        <imsss:controlMode choiceExit="false"/>
        <imsss:sequencingRules>
          <imsss:preConditionRule><imsss:ruleConditions conditionCombination="any">
            <imsss:ruleCondition referencedObjective="shared" operator="not" condition="satisfied"/>
            <imsss:ruleCondition condition="objectiveMeasureLessThan" measureThreshold="0.5"/></imsss:ruleConditions>
            <imsss:ruleAction action="disabled"/></imsss:preConditionRule>
          <imsss:preConditionRule><imsss:ruleConditions/><imsss:ruleAction action="skip"/></imsss:preConditionRule>
          <imsss:preConditionRule><imsss:ruleConditions><imsss:ruleCondition condition="fullMoon"/></imsss:ruleConditions><imsss:ruleAction action="skip"/></imsss:preConditionRule>
          <imsss:postConditionRule><imsss:ruleConditions><imsss:ruleCondition condition="always"/></imsss:ruleConditions><imsss:ruleAction action="exitAll"/></imsss:postConditionRule>
          <imsss:exitConditionRule><imsss:ruleConditions><imsss:ruleCondition condition="attempted"/></imsss:ruleConditions><imsss:ruleAction action="exit"/></imsss:exitConditionRule>
        </imsss:sequencingRules>
        <imsss:limitConditions attemptLimit="2" attemptAbsoluteDurationLimit="PT30M"/>
      </imsss:sequencing>
    </item>
    <imsss:sequencing>
      <imsss:controlMode choice="true" flow="true"/>
      <imsss:rollupRules rollupObjectiveSatisfied="true" rollupProgressCompletion="false" objectiveMeasureWeight="0.5">
        <imsss:rollupRule childActivitySet="atLeastPercent" minimumPercent="0.5"><imsss:rollupConditions>
          <imsss:rollupCondition condition="activityProgressKnown"/><imsss:rollupCondition operator="not" condition="completed"/></imsss:rollupConditions>
          <imsss:rollupAction action="satisfied"/></imsss:rollupRule>
      </imsss:rollupRules>
      <imsss:randomizationControls randomizationTiming="once" selectCount="1" reorderChildren="true" selectionTiming="onEachNewAttempt"/>
    </imsss:sequencing>
  </organization></organizations>
  <resources><resource identifier="r" adlcp:scormType="sco" type="webcontent" href="index.html"/></resources>
  <imsss:sequencingCollection><imsss:sequencing ID="common">
    <imsss:controlMode forwardOnly="true"/><imsss:objectives><imsss:primaryObjective objectiveID="never"/></imsss:objectives>
    <imsss:limitConditions attemptLimit="7"/></imsss:sequencing></imsss:sequencingCollection>
</manifest>"#;

fn sequenced(manifest: &str) -> (Vec<Value>, Vec<FindingKind>) {
    let (manifest, findings) = read(manifest.as_bytes(), &["index.html"]);
    let items = std::iter::once(&manifest.root).chain(&manifest.root.children);
    (items.map(|item| item.sequencing.clone().unwrap()).collect(), findings)
}

fn controls(changes: &Value) -> Value {
    let mut controls = json!({
        "choice": true, "choiceExit": true, "flow": false, "forwardOnly": false,
        "useCurrentAttemptObjectiveInfo": true, "useCurrentAttemptProgressInfo": true,
    });
    for (name, value) in changes.as_object().unwrap() {
        controls[name] = value.clone();
    }
    controls
}

#[test]
fn everything_is_said_in_the_players_words() {
    let (settings, findings) = sequenced(WHOLE);
    // An objective without an id, and a condition that nobody knows.
    assert_eq!(findings, [FindingKind::BadValue, FindingKind::BadValue]);
    let [root, lesson, test] = settings.as_slice() else { panic!("{settings:?}") };
    assert_eq!(
        *root,
        json!({
            "sequencingControls": controls(&json!({
                "flow": true,
                "rollupObjectiveSatisfied": true, "rollupProgressCompletion": false, "objectiveMeasureWeight": 0.5,
                "selectionTiming": "onEachNewAttempt", "randomizationTiming": "once", "selectCount": 1, "randomizeChildren": true,
            })),
            "rollupRules": { "rules": [{
                "action": "satisfied", "consideration": "atLeastPercent", "minimumCount": 0, "minimumPercent": 50.0,
                "conditionCombination": "any",
                "conditions": [
                    { "condition": "progressKnown", "operator": "noOp" },
                    { "condition": "completed", "operator": "not" },
                ],
            }] },
        })
    );
    assert_eq!(
        *lesson,
        json!({
            // The control mode and the limit are those of what it refers to; the objectives are its own.
            "sequencingControls": controls(&json!({ "forwardOnly": true, "preventActivation": true, "constrainChoice": true })),
            "deliveryControls": { "tracked": true, "completionSetByContent": true, "objectiveSetByContent": true },
            "attemptLimit": 7,
            "rollupConsiderations": {
                "requiredForSatisfied": "ifAttempted", "requiredForCompleted": "ifNotSkipped", "measureSatisfactionIfActive": false,
            },
            "primaryObjective": {
                "objectiveID": "done", "isPrimary": true, "satisfiedByMeasure": true, "minNormalizedMeasure": 0.8,
                "mapInfo": [{
                    "targetObjectiveID": "shared",
                    "readSatisfiedStatus": false, "readNormalizedMeasure": true,
                    "writeSatisfiedStatus": true, "writeNormalizedMeasure": false,
                    "readRawScore": false, "readMinScore": true, "readMaxScore": true,
                    "readCompletionStatus": true, "readProgressMeasure": true,
                    "writeRawScore": true, "writeMinScore": false, "writeMaxScore": false,
                    "writeCompletionStatus": false, "writeProgressMeasure": false,
                }],
            },
            "objectives": [{ "objectiveID": "other", "satisfiedByMeasure": false }],
        })
    );
    assert_eq!(
        *test,
        json!({
            "sequencingControls": controls(&json!({ "choiceExit": false })),
            "attemptLimit": 2, "attemptAbsoluteDurationLimit": "PT30M",
            "sequencingRules": {
                "preConditionRules": [{
                    "action": "disabled", "conditionCombination": "any",
                    "conditions": [
                        { "condition": "satisfied", "operator": "not", "referencedObjective": "shared" },
                        { "condition": "objectiveMeasureLessThan", "parameters": { "threshold": 0.5 } },
                    ],
                }],
                "exitConditionRules": [{ "action": "exit", "conditionCombination": "all", "conditions": [{ "condition": "attempted" }] }],
                "postConditionRules": [{ "action": "exitAll", "conditionCombination": "all", "conditions": [{ "condition": "always" }] }],
            },
        })
    );
}

#[test]
fn without_sequencing_the_standards_defaults_are_said() {
    let start = WHOLE.find("<imsss:sequencing>\n      <imsss:controlMode choice").unwrap();
    let end = start + WHOLE[start..].find("</imsss:sequencing>").unwrap() + "</imsss:sequencing>".len();
    let without = format!("{}{}", &WHOLE[..start], &WHOLE[end..]);
    let (settings, _) = sequenced(&without);
    assert_eq!(settings[0], json!({ "sequencingControls": controls(&json!({})) }));
}

#[test]
fn a_reference_to_nothing_is_told() {
    let (settings, findings) = sequenced(&WHOLE.replace("IDRef=\"common\"", "IDRef=\"gone\""));
    assert_eq!(findings.len(), 3);
    assert_eq!(settings[1].get("attemptLimit"), None);
}
