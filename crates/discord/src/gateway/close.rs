//! Discord's close codes: what each means, what to do, and what a person can do. It closes nothing.
//!
//! Source: Discord's docs, "Opcodes and Status Codes", gateway close event codes.

/// What a close code asks of the client.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum After {
    /// The session lives: resume it.
    Resume,
    /// The session is gone: begin a fresh one.
    Fresh,
    /// It would be closed again: stop, somebody must act.
    Stop,
}

/// The code that a client closes with to resume later; 1000 and 1001 would end the session.
pub(crate) const TO_RESUME: u16 = 4000;
/// The code of a normal end.
pub(crate) const NORMAL: u16 = 1000;

/// What to do after the server closed with this code, or without one.
pub(crate) fn after(code: Option<u16>) -> After {
    match code {
        Some(4004 | 4010..=4014) => After::Stop,
        Some(4003 | 4006 | 4007 | 4009) => After::Fresh,
        _ => After::Resume,
    }
}

/// What the code means.
pub(crate) fn meaning(code: u16) -> &'static str {
    match code {
        1000 => "normal closure",
        1001 => "going away",
        1006 => "abnormal closure",
        1011 => "internal error",
        4000 => "unknown error",
        4001 => "unknown opcode",
        4002 => "decode error",
        4003 => "not authenticated",
        4004 => "authentication failed",
        4005 => "already authenticated",
        4006 => "session no longer valid",
        4007 => "invalid sequence",
        4008 => "rate limited",
        4009 => "session timed out",
        4010 => "invalid shard",
        4011 => "sharding required",
        4012 => "invalid API version",
        4013 => "invalid intents",
        4014 => "disallowed intents",
        _ => "unknown code",
    }
}

/// What a person can do about it.
pub(crate) fn hint(code: u16) -> &'static str {
    match code {
        4004 => "the token is not valid any more: check JOURNEYMAN_TOKEN",
        4010 | 4011 => "the account is in too many guilds for one connection: use one that is in fewer",
        4012 => "this version of journeyman speaks a version of the gateway that is gone: update it",
        4013 | 4014 => "allow the bot the Message Content intent in Discord's developer portal",
        4008 => "too much was sent; nothing to do, but report it if it repeats",
        4001 | 4002 | 4005 => "this is a defect of journeyman: report it with the log",
        _ => "nothing to do: it connects again by itself (https://discordstatus.com)",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn close_codes_are_fatal_or_not_each_with_what_a_human_should_do() {
        for code in [4004, 4010, 4011, 4012, 4013, 4014] {
            assert_eq!(after(Some(code)), After::Stop, "{code}");
            assert!(!hint(code).contains("by itself"), "{code}");
        }
        for code in [4003, 4007, 4009] {
            assert_eq!(after(Some(code)), After::Fresh, "{code}");
        }
        for code in [1000, 1001, 1006, 4000, 4001, 4002, 4005, 4008, 4999] {
            assert_eq!(after(Some(code)), After::Resume, "{code}");
        }
        assert_eq!(after(None), After::Resume);
        for code in (4000..=4014).filter(|code| *code != 4006) {
            assert_ne!(meaning(code), "unknown code", "{code}");
            assert!(!hint(code).is_empty());
        }
    }
}
