//! Whatever the order in which commits arrive, and however often, an attempt stands the same in the end, and only moves up.

use learning::attempts::{Progress, Said, Standing, Status, model};
use proptest::prelude::*;
use scorm::{Manifest, Standard};
use serde_json::json;

use crate::world::{manifest, part};

fn three_parts(rolls_up: bool) -> Manifest {
    let mut manifest = manifest(Standard::Scorm2004, vec![part("a"), part("b"), part("c")]);
    if rolls_up {
        manifest.root.sequencing = Some(json!({ "rollupRules": { "rules": [{}] } }));
    }
    manifest
}

fn standing() -> impl Strategy<Value = Standing> {
    let score = proptest::option::of(-1_000_000..=1_000_000_i64);
    (0..Status::ALL.len(), score).prop_map(|(status, score)| Standing { status: Status::ALL[status], score })
}

fn commits() -> impl Strategy<Value = Vec<Said>> {
    let one = (1..3_i64, 1..2000_i64, 0..3_usize, standing(), 0..5000_i64, proptest::option::of(standing()));
    proptest::collection::vec(one, 0..30).prop_map(|all| {
        let mut said: Vec<Said> = all
            .into_iter()
            .map(|(launch, sequence, item, standing, seconds, whole)| Said {
                launch,
                sequence,
                at: store::Instant::from_microseconds(sequence),
                item: ["a", "b", "c"][item].to_owned(),
                standing,
                seconds,
                whole,
            })
            .collect();
        said.sort_by_key(|said| (said.launch, said.sequence));
        said.dedup_by_key(|said| (said.launch, said.sequence));
        said
    })
}

/// Takes them in, and says which completions were written on the way.
fn folded(manifest: &Manifest, commits: &[Said]) -> (Progress, Vec<Status>) {
    let (mut progress, mut facts) = (Progress::default(), Vec::new());
    let mut before = Status::NotAttempted;
    for said in commits {
        progress.take(manifest, model::rolls_up(manifest), said);
        assert!(progress.whole.status >= before, "it moved down");
        before = progress.whole.status;
        facts.extend(progress.fact(facts.last().copied()));
    }
    (progress, facts)
}

proptest! {
    #[test]
    fn order_and_repetition_change_nothing(
        commits in commits(),
        shuffle in proptest::collection::vec(any::<u32>(), 60),
        rolls_up: bool,
    ) {
        let manifest = three_parts(rolls_up);
        let (straight, facts) = folded(&manifest, &commits);
        // Each twice, in any order.
        let mut other: Vec<(u32, &Said)> = shuffle.iter().copied().zip(commits.iter().chain(&commits)).collect();
        other.sort_by_key(|(key, _)| *key);
        let other: Vec<Said> = other.into_iter().map(|(_, said)| said.clone()).collect();
        let (shuffled, other_facts) = folded(&manifest, &other);
        prop_assert_eq!(&straight, &shuffled);
        prop_assert_eq!(facts.last(), other_facts.last());
        for facts in [facts, other_facts] {
            prop_assert!(facts.len() <= 2 && facts.is_sorted(), "{:?}", facts);
            prop_assert_eq!(facts.last().copied(), Some(straight.whole.status).filter(|status| status.is_done()));
        }
    }

    #[test]
    fn any_state_can_be_read(text in "\\PC{0,40}", number: f64, final_one: bool) {
        let manifest = three_parts(false);
        for standard in [Standard::Scorm12, Standard::Scorm2004] {
            for value in [json!(text), json!(number), json!(null), json!([text]), json!({ "raw": text })] {
                let state = json!({
                    "core": { "lesson_status": value, "score": { "raw": value, "min": value, "max": value }, "total_time": value,
                        "session_time": value },
                    "completion_status": value, "success_status": value, "progress_measure": value,
                    "score": { "scaled": value, "raw": value }, "total_time": value, "session_time": value,
                });
                let read = model::read(standard, &manifest.root.children[0], &state);
                prop_assert!(read.score.is_none_or(|score| (-1_000_000..=1_000_000).contains(&score)));
                prop_assert!((0..=3_600_000).contains(&model::seconds(standard, &state, final_one)));
            }
        }
    }
}

#[test]
fn time_is_read_and_written_as_the_standards_do() {
    let twelve =
        |total: &str, session: &str| json!({ "core": { "total_time": total, "session_time": session } });
    for (total, session, ended, seconds) in [
        ("0000:00:00", "00:02:05.5", false, 125),
        ("0001:00:01.99", "00:00:59", false, 3660),
        ("0001:00:01", "00:00:59", true, 3601),
        ("", "", false, 0),
        ("nonsense", "1:2", false, 0),
        ("-1:00:00", "00:00:01", false, 1),
        ("9999999999:00:00", "00:00:01", false, 1),
    ] {
        assert_eq!(
            model::seconds(Standard::Scorm12, &twelve(total, session), ended),
            seconds,
            "{total} {session}"
        );
    }
    for (total, seconds) in [
        ("PT0S", 0),
        ("PT1H2M3.45S", 3723),
        ("P1DT1S", 86_401),
        ("P1Y2M1D", 86_400),
        ("PT5M", 300),
        ("5M", 0),
        ("P", 0),
        ("PT99999999999999999999H", 0),
    ] {
        let state = json!({ "total_time": total, "session_time": "" });
        assert_eq!(model::seconds(Standard::Scorm2004, &state, false), seconds, "{total}");
    }
    assert_eq!(model::total_time(Standard::Scorm12, 3725), "0001:02:05");
    assert_eq!(model::total_time(Standard::Scorm2004, 3725), "PT1H2M5S");
}
