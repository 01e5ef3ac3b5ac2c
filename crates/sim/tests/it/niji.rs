//! niji's bot beside Midjourney's: the same commands under other ids, and nothing mixed up between the two.
//!
//! What the commands do is tested in `command`.

use journeyman_sim::{HttpAnswer, Limits, Pictures, Settings};
use serde_json::{Value, json};

use crate::support::{Client, MIDJOURNEY, custom_ids};

const NIJI: &str = "1022952195194359889";

fn client() -> Client {
    let niji = Some(Settings::NIJI);
    Client::new(Settings {
        niji,
        pictures: Pictures::Tiny,
        limits: Limits::none(),
        ..Settings::for_era(journeyman_sim::Era::E2023)
    })
}

/// The imagine command of an application, as discovered.
fn imagine_of(client: &mut Client, application: &str) -> Value {
    let path = format!(
        "/api/v10/channels/{}/application-commands/search?type=1&query=imagine",
        client.ready.channel_id
    );
    let list = client.get(&path).json().expect("JSON");
    let mut commands = list["application_commands"].as_array().expect("commands").iter();
    commands.find(|command| command["application_id"] == application).expect("its imagine").clone()
}

fn send(client: &mut Client, application: &str, command: &Value) -> HttpAnswer {
    let mut body = client.interaction(2);
    body["application_id"] = json!(application);
    body["data"] = json!({
        "id": command["id"], "version": command["version"], "name": "imagine", "type": 1,
        "options": [{ "type": 3, "name": "prompt", "value": "a cat" }],
    });
    client.send("POST", "/api/v10/interactions", &body)
}

#[test]
fn nijis_bot_takes_the_same_commands_under_its_own_ids() {
    let mut client = client();
    let guild = client.ready.guild_id.clone();
    let index =
        client.get(&format!("/api/v10/guilds/{guild}/application-command-index")).json().expect("JSON");
    assert_eq!(index["applications"].as_array().map(Vec::len), Some(2));
    let commands = index["application_commands"].as_array().expect("commands");
    let ids: std::collections::BTreeSet<_> = commands.iter().map(|command| command["id"].as_str()).collect();
    assert_eq!((commands.len(), ids.len()), (48, 48), "twice the captured list, and no id twice");
    let imagine = imagine_of(&mut client, NIJI);
    assert_eq!(imagine["id"], "1023054140580057099");
    assert_eq!(send(&mut client, NIJI, &imagine).status, 204);
    client.wait_until_quiet();
    let grid = client.event("MESSAGE_CREATE");
    assert_eq!(
        (&grid["author"]["id"], &grid["author"]["username"]),
        (&json!(NIJI), &json!("niji・journey Bot"))
    );
    assert_eq!(grid["content"], format!("**a cat --niji 5** - <@{}> (fast)", client.ready.user_id));
    let waiting =
        client.events().into_iter().find(|(name, _)| *name == "MESSAGE_CREATE").expect("a message").1;
    assert_eq!(waiting["application_id"], NIJI);
}

#[test]
fn what_belongs_to_one_bot_is_nothing_to_the_other() {
    let mut client = client();
    let niji = imagine_of(&mut client, NIJI);
    let midjourney = imagine_of(&mut client, MIDJOURNEY);
    for (application, command) in [(MIDJOURNEY, &niji), (NIJI, &midjourney)] {
        let answer = send(&mut client, application, command);
        assert_eq!((answer.status, answer.json().expect("JSON")["code"].as_u64()), (404, Some(10063)));
    }
    send(&mut client, NIJI, &niji);
    client.wait_until_quiet();
    let grid = client.event("MESSAGE_CREATE");
    let press = |client: &mut Client, application: &str| {
        let mut body = client.interaction(3);
        body["application_id"] = json!(application);
        body["message_flags"] = grid["flags"].clone();
        body["message_id"] = grid["id"].clone();
        body["data"] = json!({ "component_type": 2, "custom_id": custom_ids(&grid)[0] });
        assert_eq!(client.send("POST", "/api/v10/interactions", &body).status, 204);
        client.wait_until_quiet();
        client.world.report().jobs.len()
    };
    assert_eq!(press(&mut client, MIDJOURNEY), 1, "silence");
    assert_eq!(press(&mut client, NIJI), 2);
    assert_eq!(client.event("MESSAGE_CREATE")["author"]["id"], NIJI);
}

#[test]
fn without_it_its_application_is_unknown() {
    let mut client = Client::new(Settings { limits: Limits::none(), ..Settings::default() });
    let command = imagine_of(&mut client, MIDJOURNEY);
    let answer = send(&mut client, NIJI, &command);
    assert_eq!((answer.status, answer.json().expect("JSON")["code"].as_u64()), (404, Some(10002)));
}
