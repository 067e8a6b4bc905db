//! Prompts that lead to the skill and prompts that do not; the server's routing says the same.

use serde_json::Value;

use super::{root, text};
use crate::mcp::{Human, connect};

fn triggers() -> Vec<Value> {
    let all: Value = serde_json::from_str(&text("skill/platform-integration/evals/triggers.json")).unwrap();
    all.as_array().unwrap().clone()
}

#[tokio::test]
async fn open_session_routes_as_the_triggers_say() {
    let s = connect(Human::default(), true, tempfile::tempdir().unwrap()).await;
    let (mut should, mut not) = (0, 0);
    let mut wrong = Vec::new();
    for trigger in triggers() {
        let goal = trigger["query"].as_str().unwrap();
        let arguments = serde_json::json!({"name": "a-to-b", "goal": goal});
        let said = s.call("open_session", arguments).await;
        let refused = said.is_error == Some(true);
        let words = said.content.iter().filter_map(|c| c.as_text()).map(|t| t.text.clone()).collect::<String>();
        if trigger["should_trigger"] == true {
            should += 1;
            if refused {
                wrong.push(format!("{goal}\n{words}"));
            }
        } else {
            not += 1;
            let instead = trigger["instead"].as_str().expect("a place to go");
            if !refused || !words.contains(&format!("next: use {instead};")) {
                wrong.push(format!("{goal}\n{words}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
    assert!(should >= 10 && not >= 10, "{should} and {not}");
}

#[test]
fn every_negative_trigger_of_the_skill_has_a_prompt() {
    let main = text("skill/platform-integration/SKILL.md");
    let (_, section) = main.split_once("Go elsewhere when\n").expect("the section");
    let (section, _) = section.split_once("\n\n").expect("its end");
    let bullets: Vec<&str> = section.lines().collect::<Vec<_>>().into_iter().filter(|l| l.starts_with("- ")).collect();
    assert!(bullets.len() >= 5);
    let goes: Vec<String> = triggers().iter().filter_map(|t| Some(t["instead"].as_str()?.to_owned())).collect();
    for bullet in bullets {
        let (_, to) = bullet.rsplit_once(": ").expect("a place to go");
        let to = to.trim_end_matches([';', '.']);
        assert!(goes.iter().any(|g| g == to), "no prompt goes to \"{to}\"");
    }
}

#[test]
fn the_tasks_are_well_formed_and_their_files_are_there() {
    let evals: Value = serde_json::from_str(&text("skill/platform-integration/evals/evals.json")).unwrap();
    assert_eq!(evals["skill_name"], "platform-integration");
    let all = evals["evals"].as_array().unwrap();
    for (i, eval) in all.iter().enumerate() {
        assert_eq!(eval["id"], i + 1);
        for key in ["prompt", "expected_output"] {
            assert!(eval[key].as_str().is_some_and(|t| t.len() > 20), "{key} of {eval}");
        }
        assert!(eval["assertions"].as_array().is_some_and(|a| a.len() >= 2), "{eval}");
        for file in eval["files"].as_array().unwrap() {
            assert!(root().join(file.as_str().unwrap()).is_file(), "{file}");
        }
    }
    assert!(all.len() >= 5);
}
