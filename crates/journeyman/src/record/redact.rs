//! What a recording may hold: names, ids and addresses are replaced, the same by the same; secrets are struck. It
//! writes no file.

use std::collections::{BTreeSet, VecDeque};
use std::hash::RandomState;

use journeyman_discord::Token;
use journeyman_midjourney::application::{MIDJOURNEY, NIJI};
use serde_json::{Map, Value};

use super::snowflake::Snowflakes;
use super::text;

/// How many names, and how many prompts, are looked for in texts. Those learnt first make room.
const MOST_KNOWN: usize = 1_024;

/// Whose values are names of people.
const NAMES: &[&str] = &["username", "global_name", "nick", "display_name"];

/// Whose values are secrets, or nobody's business.
const SECRET: &[&str] = &[
    "token",
    "access_token",
    "authorization",
    "auth_token",
    "cookie",
    "set-cookie",
    "email",
    "phone",
    "avatar",
    "banner",
    "bio",
    "pronouns",
    "avatar_decoration_data",
    "clan",
    "primary_guild",
    "discriminator",
    "auth_session_id_hash",
];

/// Whose values are prompts, or whole orders.
const PROMPTS: &[&str] = &["prompt", "form_prompt", "order"];

/// Whose values are names of files, the last after slashes.
const FILES: &[&str] = &["filename", "uploaded_filename"];

/// Whose values identify a session of the gateway.
const SESSION: &[&str] = &["session_id", "resume_gateway_url", "_trace"];

/// Headers whose values say something about a limit or a failure, and nothing about anybody.
const HEADERS: &[&str] = &["retry-after", "via", "date", "content-type", "content-length", "server"];

/// The rules, with what has been seen so far.
pub(super) struct Redactor {
    token: Token,
    keeps_prompts: bool,
    state: RandomState,
    ids: Snowflakes,
    names: Learnt,
    prompts: Learnt,
    /// The part of the recording that is written.
    part: u32,
    /// Whether an id of what was redacted last found no replacement.
    is_lost: bool,
}

/// What is looked for in texts.
#[derive(Default)]
struct Learnt {
    words: BTreeSet<String>,
    oldest_first: VecDeque<String>,
}

impl Learnt {
    fn remember(&mut self, text: &str) {
        if text.chars().count() < 2 || !self.words.insert(text.to_owned()) {
            return;
        }
        self.oldest_first.push_back(text.to_owned());
        if self.oldest_first.len() > MOST_KNOWN
            && let Some(oldest) = self.oldest_first.pop_front()
        {
            self.words.remove(&oldest);
        }
    }
}

impl Redactor {
    /// For a recording that begins at this time.
    pub(super) fn new(token: Token, keeps_prompts: bool, state: RandomState, unix_us: i64) -> Self {
        Self {
            token,
            keeps_prompts,
            ids: Snowflakes::new(state.clone(), unix_us),
            state,
            names: Learnt::default(),
            prompts: Learnt::default(),
            part: 1,
            is_lost: false,
        }
    }

    /// From here on another part is written, and those before `oldest` are gone.
    pub(super) fn turn_to(&mut self, part: u32, oldest: u32) {
        self.part = part;
        self.ids.forget_before(oldest);
    }

    /// The same JSON as it may be kept; `None` for what cannot be told without an id that has no replacement.
    pub(super) fn json(&mut self, value: &Value) -> Option<Value> {
        self.learn(value);
        self.is_lost = false;
        let kept = self.value("", value);
        (!self.is_lost).then_some(kept)
    }

    /// Headers, of which only a few are kept whole.
    pub(super) fn header(&mut self, name: &str, value: &str) -> String {
        let is_kept = HEADERS.contains(&name) || name.starts_with("x-ratelimit-");
        if is_kept { self.text(value) } else { "…".to_owned() }
    }

    /// Names and prompts come before the texts in which they may stand.
    fn learn(&mut self, value: &Value) {
        match value {
            Value::Object(map) => {
                for (key, value) in map {
                    self.learn_field(map, key, value);
                    self.learn(value);
                }
            }
            Value::Array(all) => all.iter().for_each(|one| self.learn(one)),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
        }
    }

    fn learn_field(&mut self, map: &Map<String, Value>, key: &str, value: &Value) {
        let Some(text) = value.as_str() else { return };
        if NAMES.contains(&key) && !is_midjourneys(map) {
            self.names.remember(text);
        }
        if self.keeps_prompts {
            return;
        }
        let is_option =
            ["value", "text"].contains(&key) && map.get("name").and_then(Value::as_str) == Some("prompt");
        if PROMPTS.contains(&key) || is_option {
            self.prompts.remember(text);
        } else if key == "content"
            && let Some((_, after)) = text.split_once("**")
            && let Some((prompt, _)) = after.rsplit_once("**")
        {
            self.prompts.remember(prompt);
        }
    }

    fn value(&mut self, key: &str, value: &Value) -> Value {
        match value {
            Value::String(text) => Value::String(self.field(key, text)),
            Value::Array(all) => all.iter().map(|one| self.value(key, one)).collect(),
            Value::Object(map) => Value::Object(self.object(map)),
            Value::Number(number) => number.as_u64().map_or_else(|| value.clone(), |id| self.id(id).into()),
            Value::Bool(_) | Value::Null => value.clone(),
        }
    }

    fn field(&mut self, key: &str, text: &str) -> String {
        if SECRET.contains(&key) {
            "…".to_owned()
        } else if SESSION.contains(&key) {
            text::digits(text, &self.state)
        } else if FILES.contains(&key) {
            let (place, name) = text.rsplit_once('/').map_or(("", text), |(place, name)| (place, name));
            let slash = if place.is_empty() { "" } else { "/" };
            let renamed = format!("{place}{slash}{}", text::file(name, &self.state));
            self.text(&renamed)
        } else if !self.keeps_prompts && (["value", "text"].contains(&key) || PROMPTS.contains(&key)) {
            let masked = text::masked(text, &self.state);
            self.text(&masked)
        } else {
            self.text(text)
        }
    }

    fn object(&mut self, map: &Map<String, Value>) -> Map<String, Value> {
        let is_theirs = is_midjourneys(map);
        let is_of_people = is_of_people(map);
        let is_file = map.contains_key("filename") || map.contains_key("content_type");
        let each = map.iter().map(|(key, value)| {
            let kept = match (key.as_str(), value) {
                // What other people write is no part of any job.
                ("content", Value::String(_)) if is_of_people => Value::String(String::new()),
                ("embeds" | "attachments" | "message_snapshots", Value::Array(_)) if is_of_people => {
                    Value::Array(Vec::new())
                }
                // Discord shows the first beside a file, and people write the second.
                ("title" | "description", Value::String(_)) if is_file => Value::String("…".to_owned()),
                ("name", Value::String(name)) if is_file => Value::String(self.field("filename", name)),
                (key, Value::String(name)) if NAMES.contains(&key) => {
                    Value::String(if is_theirs { name.clone() } else { text::name(name, &self.state) })
                }
                (key, value) if SECRET.contains(&key) && !value.is_null() => Value::String("…".to_owned()),
                (key, value) => self.value(key, value),
            };
            (key.clone(), kept)
        });
        each.collect()
    }

    fn text(&mut self, given: &str) -> String {
        let mut kept = text::without_tokens(&self.token.struck_from(given));
        for name in &self.names.words {
            kept = text::with_word_replaced(&kept, name, &text::name(name, &self.state));
        }
        for prompt in &self.prompts.words {
            if kept.contains(prompt.as_str()) {
                kept = kept.replace(prompt.as_str(), &text::masked(prompt, &self.state));
            }
        }
        kept = text::without_mail(&kept, &self.state);
        kept = text::without_signatures(&kept);
        kept = text::with_attachments_renamed(&kept, &self.state);
        kept = text::with_jobs_replaced(&kept, &self.state);
        text::with_ids_replaced(&kept, |id| self.id(id))
    }

    fn id(&mut self, id: u64) -> u64 {
        if id == MIDJOURNEY.get() || id == NIJI.get() {
            return id;
        }
        let mapped = self.ids.map(id, self.part);
        self.is_lost |= mapped.is_none();
        mapped.unwrap_or_default()
    }
}

/// Everybody knows the bot's name, and recordings are read for what it says.
fn is_midjourneys(map: &Map<String, Value>) -> bool {
    let id = map.get("id").and_then(Value::as_str).and_then(|id| id.parse::<u64>().ok());
    id.is_some_and(|id| id == MIDJOURNEY.get() || id == NIJI.get())
}

/// Whether it is a message that no program wrote.
fn is_of_people(map: &Map<String, Value>) -> bool {
    let Some(Value::Object(author)) = map.get("author") else { return false };
    author.contains_key("id")
        && !is_midjourneys(author)
        && author.get("bot").and_then(Value::as_bool) != Some(true)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const TOKEN: &str = "canarybirdAAAAAAAAAAAAAAAA.BBBBBB.CCCCCCCCCCCCCCCCCCCCCCCCCCC";
    const USER: &str = "1100000000000000007";

    fn redactor(keeps_prompts: bool) -> Redactor {
        Redactor::new(Token::parse(TOKEN).unwrap(), keeps_prompts, RandomState::new(), 1_790_000_000_000_000)
    }

    fn message() -> Value {
        json!({
            "id": "1400000000000000001", "channel_id": "1300000000000000001", "guild_id": 1_200_000_000_000_000_001_u64,
            "content": format!("**a lighthouse --ar 3:2** - <@{USER}> (fast)"),
            "author": { "id": "936929561302675456", "username": "Midjourney Bot", "bot": true },
            "mentions": [{ "id": USER, "username": "canaryname", "email": "canary@mail.example", "avatar": "canaryhash" }],
            "attachments": [{
                "filename": "canaryname_a_lighthouse_6c3dbd6a-8d1c-4d2a-9e0b-3f1c2b7a9d10.png",
                "url": "https://cdn.discordapp.com/attachments/1300000000000000001/1400000000000000009/\
                        canaryname_a_lighthouse_6c3dbd6a-8d1c-4d2a-9e0b-3f1c2b7a9d10.png?ex=canaryex&is=canaryis&hm=canaryhm&",
            }],
            "components": [{ "custom_id": "MJ::JOB::upsample::1::6c3dbd6a-8d1c-4d2a-9e0b-3f1c2b7a9d10" },
                { "custom_id": format!("MJ::CANCEL::{USER}") }],
            "token": "canaryinteractiontoken", "session_id": "canarysession",
        })
    }

    #[test]
    fn tokens_never_names_ids_and_mails_mapped_links_unsigned() {
        let kept = redactor(true).json(&message()).unwrap().to_string();
        assert!(!kept.to_lowercase().contains("canary"), "{kept}");
        for id in
            [USER, "1400000000000000001", "1300000000000000001", "1200000000000000001", "1400000000000000009"]
        {
            assert!(!kept.contains(id), "{id}: {kept}");
        }
        assert!(
            kept.contains("**a lighthouse --ar 3:2** - <@") && kept.contains("936929561302675456"),
            "{kept}"
        );
        assert!(kept.contains("Midjourney Bot") && kept.contains("MJ::JOB::upsample::1::"), "{kept}");
    }

    #[test]
    fn the_same_id_has_the_same_replacement_everywhere() {
        let kept = redactor(true).json(&message()).unwrap();
        let user = kept["mentions"][0]["id"].as_str().unwrap();
        assert!(kept["content"].as_str().unwrap().contains(&format!("<@{user}>")));
        assert_eq!(kept["components"][1]["custom_id"], format!("MJ::CANCEL::{user}"));
        let url = kept["attachments"][0]["url"].as_str().unwrap();
        assert!(url.contains(kept["channel_id"].as_str().unwrap()), "{url}");
        assert!(url.contains(kept["attachments"][0]["filename"].as_str().unwrap()), "{url}");
    }

    #[test]
    fn prompts_are_kept_unless_they_are_not_wanted() {
        let kept = redactor(false).json(&message()).unwrap().to_string();
        assert!(!kept.contains("lighthouse") && kept.contains("--ar 3:2"), "{kept}");
        let payload = json!({"data": {"options": [{"name": "prompt", "value": "a lighthouse --ar 3:2"}]}});
        let mut redactor = redactor(false);
        let sent = redactor.json(&payload).unwrap()["data"]["options"][0]["value"].clone();
        let shown = redactor.json(&message()).unwrap()["content"].as_str().unwrap().to_owned();
        assert!(shown.starts_with(&format!("**{}** - ", sent.as_str().unwrap())), "{sent} {shown}");
    }

    #[test]
    fn the_words_of_other_people_are_not_kept() {
        let theirs = json!({"id": "1400000000000000002", "content": "canary words",
            "author": {"id": "1100000000000000008", "username": "someone"}, "embeds": [{"title": "canary"}]});
        assert!(!redactor(true).json(&theirs).unwrap().to_string().contains("canary"));
    }

    #[test]
    fn headers_are_kept_by_name() {
        let mut redactor = redactor(true);
        assert_eq!(redactor.header("x-ratelimit-remaining", "4"), "4");
        assert_eq!(redactor.header("retry-after", "1"), "1");
        assert_eq!(redactor.header("set-cookie", "__cfruid=canary"), "…");
    }

    #[test]
    fn a_token_is_struck_wherever_it_stands() {
        let mut redactor = redactor(true);
        let others = "MTEwMDAwMDAwMDAwMDAwMDAwNw.GabCDe.other-secret-of-27-or-more-characters";
        let kept = redactor.json(&json!({"a": format!("x{TOKEN}y"), "b": others})).unwrap().to_string();
        assert_eq!(kept, r#"{"a":"x…y","b":"…"}"#);
    }
}
