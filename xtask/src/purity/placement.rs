//! Which file may do what: read a clock, send a request, hold a token, print. It reads text, not types.

use crate::findings::Findings;
use crate::source::Source;

/// Words that only some files may use.
struct Rule {
    /// Where the rule holds; the tests beside the code are left out.
    inside: &'static [&'static str],
    /// The only places inside that may use the words.
    except: &'static [&'static str],
    /// The words, as they stand in code.
    words: &'static [&'static str],
    /// What is broken when another file uses them.
    why: &'static str,
}

const CLIENT: &[&str] = &[
    "crates/moment/src",
    "crates/limiter/src",
    "crates/model/src",
    "crates/midjourney/src",
    "crates/discord/src",
    "crates/journeyman/src",
    "crates/cli/src",
    "crates/proxy/src",
];

/// What opens a connection with hyper.
const HYPER_CLIENT: &[&str] = &[
    "hyper::client",
    "hyper_util::client",
    "legacy::Client",
    "hyper_rustls",
    "rustls",
    "TcpStream::connect",
];

const RULES: &[Rule] = &[
    Rule {
        inside: CLIENT,
        except: &["crates/moment/src/clock.rs"],
        words: &["Instant::now", ".elapsed()", "tokio::time::", "thread::sleep"],
        why: "the monotonic clock is read, and sleeping is done, in moment's clock only",
    },
    Rule {
        inside: CLIENT,
        except: &["crates/journeyman/src/wall.rs", "crates/proxy/src/wall.rs"],
        words: &["SystemTime::now", "Zoned::now", "Timestamp::now", "Utc::now"],
        why: "wall time is read in journeyman/src/wall.rs and proxy/src/wall.rs only",
    },
    Rule {
        inside: CLIENT,
        except: &["crates/moment/src/clock.rs", "crates/journeyman/src/wall.rs", "crates/proxy/src/wall.rs"],
        words: &["clippy::disallowed_methods", "clippy::disallowed_types"],
        why: "the bans of clippy.toml are lifted in the readers of time only",
    },
    Rule {
        inside: &["crates/moment/src", "crates/limiter/src", "crates/model/src", "crates/midjourney/src"],
        except: &["crates/moment/src/clock.rs", "crates/limiter/src/handle.rs", "crates/limiter/src/handle"],
        words: &[
            "async fn",
            ".await",
            "std::net",
            "std::fs",
            "std::thread",
            "std::env",
            "Mutex",
            "RwLock",
            "RefCell",
            "static mut",
            "thread_local",
            "OnceLock",
            "LazyLock",
            "Rng::new()",
            "fastrand::u",
            "fastrand::i",
            "fastrand::f",
            "fastrand::b",
        ],
        why: "a pure crate does no IO, holds no lock and no global state, and draws no randomness of its own",
    },
    Rule {
        inside: CLIENT,
        except: &[
            "crates/discord/src/rest/call.rs",
            "crates/discord/src/rest/download.rs",
            "crates/discord/src/gateway/socket.rs",
        ],
        words: &[".send().await", ".execute(", "reqwest::get(", "TcpStream::connect", "reqwest::blocking"],
        why: "requests leave through discord/src/rest/call.rs, downloads through rest/download.rs, the gateway's \
              connections through gateway/socket.rs, and nowhere else",
    },
    Rule {
        inside: &["crates/discord/src/gateway/session.rs", "crates/discord/src/gateway/session"],
        except: &[],
        words: &["async fn", ".await", "tokio", "Clock", "Mutex", "RefCell", "Rng::new()", "fastrand::u"],
        why: "the gateway session is a pure machine",
    },
    Rule {
        inside: &["crates/discord/src/gateway/socket.rs"],
        except: &[],
        words: &["Token", "reqwest::Client"],
        why: "the gateway's socket carries frames, and knows neither the token nor a request",
    },
    Rule {
        inside: CLIENT,
        except: &["crates/discord/src", "crates/proxy/src"],
        words: &["reqwest", "hyper::", "AUTHORIZATION"],
        why: "only the discord crate and the proxy know an HTTP library",
    },
    Rule {
        inside: &["crates/proxy/src"],
        except: &["crates/proxy/src/forward.rs"],
        words: HYPER_CLIENT,
        why: "the proxy's requests leave through proxy/src/forward.rs and nowhere else",
    },
    Rule {
        inside: &["crates/proxy/src"],
        except: &[],
        words: &[
            "reqwest",
            "journeyman_model",
            "journeyman_midjourney",
            "journeyman_discord",
            "journeyman_sim",
            "journeyman::",
        ],
        why: "the proxy stands on the limiter alone",
    },
    Rule {
        inside: &["crates/discord/src/rest/download.rs"],
        except: &[],
        words: &["Token", "token", "AUTHORIZATION", "Authorization", "Credential::of_token"],
        why: "the file that downloads never holds a token",
    },
    Rule {
        inside: &["crates/sim/src"],
        except: &[],
        words: &[
            "journeyman_model",
            "journeyman_moment",
            "journeyman_limiter",
            "journeyman_midjourney",
            "journeyman::",
        ],
        why: "the simulator shares no type with the client",
    },
];

pub(super) fn check(source: &Source, findings: &mut Findings) {
    for rule in RULES.iter().filter(|rule| source.is_in(rule.inside) && !source.is_in(rule.except)) {
        for (at, code) in source.shipped() {
            if let Some(word) = rule.words.iter().find(|word| mentions(&code, word)) {
                findings.wrong(format_args!("{}:{at}: `{word}`: {}", source.path, rule.why));
            }
        }
    }
    hidden_retries_are_off(source, findings);
    domain_types_do_not_serialize(source, findings);
    a_token_prints_nothing(source, findings);
}

/// Whether the code has the word, not as a part of a longer name.
fn mentions(code: &str, word: &str) -> bool {
    let in_a_name = |char: char| char.is_alphanumeric() || char == '_';
    let opens = word.starts_with(in_a_name);
    let closes = word.ends_with(in_a_name) && !word.starts_with("fastrand::");
    code.match_indices(word).any(|(at, _)| {
        let before = code.get(..at).is_some_and(|before| before.ends_with(in_a_name));
        let after = code.get(at + word.len()..).is_some_and(|after| after.starts_with(in_a_name));
        !(opens && before || closes && after)
    })
}

/// Every HTTP client is built with the library's own retries and redirects off.
fn hidden_retries_are_off(source: &Source, findings: &mut Findings) {
    let code: String = source.shipped().map(|(_, line)| line).collect();
    let built = code.matches("Client::builder()").count() + code.matches("ClientBuilder::new()").count();
    for switch in ["retry::never()", "redirect::Policy::none()"] {
        if built > 0 && source.is_in(CLIENT) && !code.contains(switch) {
            findings.wrong(format_args!("{}: an HTTP client is built without `{switch}`", source.path));
        }
    }
    // hyper's client follows no redirect, and resends unless told not to.
    let switch = "retry_canceled_requests(false)";
    if code.contains("Client::builder(TokioExecutor") && source.is_in(CLIENT) && !code.contains(switch) {
        findings.wrong(format_args!("{}: an HTTP client is built without `{switch}`", source.path));
    }
}

/// The doors own the JSON of their APIs; what is stored is a `*Record` with a version.
fn domain_types_do_not_serialize(source: &Source, findings: &mut Findings) {
    if !source.is_in(CLIENT) || source.is_in(&["crates/cli/src", "crates/proxy/src/settings.rs"]) {
        return;
    }
    let mut derives = None;
    for (at, code) in source.shipped() {
        if code.contains("derive(") && code.contains("Serialize") {
            derives = Some(at);
        }
        let item = ["struct ", "enum "].iter().find_map(|word| code.split_once(word)).map(|(_, rest)| rest);
        if let Some((rest, at)) = item.zip(derives) {
            let end = rest.find(|char: char| !char.is_alphanumeric()).unwrap_or(rest.len());
            let name = rest.get(..end).unwrap_or(rest);
            if !name.ends_with("Record") && serializes(&source.text, at) {
                findings.wrong(format_args!(
                    "{}:{at}: `{name}` derives Serialize; only a `*Record` does, and the doors write their own JSON",
                    source.path
                ));
            }
            derives = None;
        }
    }
}

/// Whether the derive on this line is of `Serialize` itself, not of `Deserialize` alone.
fn serializes(text: &str, at: usize) -> bool {
    let line = text.lines().nth(at.saturating_sub(1)).unwrap_or_default();
    line.split(|char: char| !char.is_alphanumeric()).any(|word| word == "Serialize")
}

fn a_token_prints_nothing(source: &Source, findings: &mut Findings) {
    if source.path != "crates/discord/src/token.rs" {
        return;
    }
    let mut derived = String::new();
    for (at, code) in source.shipped() {
        if code.contains("derive(") {
            derived = code;
        } else if mentions(&code, "struct Token") {
            if let Some(word) = ["Debug", "Serialize", "Display"].iter().find(|word| derived.contains(**word))
            {
                findings.wrong(format_args!("{}:{at}: the token derives {word}", source.path));
            }
        } else if code.contains("struct ") || code.contains("enum ") {
            derived.clear();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(path: &str, text: &str) -> Vec<String> {
        let mut findings = Findings::default();
        check(&Source { path: path.to_owned(), text: text.to_owned() }, &mut findings);
        findings.all().to_vec()
    }

    #[test]
    fn a_clock_read_outside_of_its_file_is_found() {
        let text = "let a = std::time::Instant::now();";
        assert_eq!(found("crates/midjourney/src/claim.rs", text).len(), 1);
        assert_eq!(found("crates/moment/src/clock.rs", text).len(), 0);
        assert_eq!(found("crates/sim/src/rest.rs", text).len(), 0);
    }

    #[test]
    fn a_word_inside_of_a_name_is_another_word() {
        assert_eq!(found("crates/midjourney/src/a.rs", "if self.awaits_late_result() {}").len(), 0);
        assert_eq!(found("crates/midjourney/src/a.rs", "later().await;").len(), 1);
        assert_eq!(found("crates/midjourney/src/a.rs", "fastrand::u64(..)").len(), 1);
    }

    #[test]
    fn a_request_from_elsewhere_is_found() {
        let text = "let answer = self.http.get(url).send().await;";
        assert_eq!(found("crates/discord/src/commands.rs", text).len(), 1);
        assert_eq!(found("crates/discord/src/rest/call.rs", text).len(), 0);
    }

    #[test]
    fn a_download_that_knows_a_token_is_found() {
        assert_eq!(found("crates/discord/src/rest/download.rs", "use crate::Token;").len(), 1);
    }

    #[test]
    fn only_records_serialize() {
        let derive = "#[derive(Debug, Serialize, Deserialize)]\n";
        assert_eq!(
            found("crates/midjourney/src/a.rs", &format!("{derive}pub struct Sighting {{}}")).len(),
            1
        );
        assert_eq!(
            found("crates/midjourney/src/a.rs", &format!("{derive}pub struct JobRecord {{}}")).len(),
            0
        );
        let reads = "#[derive(Debug, Deserialize)]\npub struct Message {}";
        assert_eq!(found("crates/model/src/a.rs", reads).len(), 0);
    }

    #[test]
    fn a_client_with_hidden_retries_is_found() {
        let text = "let http = reqwest::Client::builder().build();";
        assert_eq!(found("crates/discord/src/rest/call.rs", text).len(), 2);
    }

    #[test]
    fn a_proxy_that_resends_or_sends_from_elsewhere_is_found() {
        let text = "let http = Client::builder(TokioExecutor::new()).build(connector);";
        assert_eq!(found("crates/proxy/src/forward.rs", text).len(), 1);
        let text = "use hyper_util::client::legacy::Client;";
        assert_eq!(found("crates/proxy/src/door.rs", text).len(), 1);
        assert_eq!(found("crates/proxy/src/forward.rs", text).len(), 0);
        assert_eq!(found("crates/proxy/src/forward.rs", "use journeyman_discord::Rest;").len(), 1);
    }

    #[test]
    fn a_token_that_prints_itself_is_found() {
        assert_eq!(
            found("crates/discord/src/token.rs", "#[derive(Clone, Debug)]\npub struct Token;").len(),
            1
        );
    }
}
