//! Signed links to Discord's files: which links are signed, and until when. Nothing is asked and no clock is read.

use url::Url;

/// The hosts whose links are signed (Discord's docs, "Signed Attachment CDN URLs").
const SIGNED: [&str; 2] = ["cdn.discordapp.com", "media.discordapp.net"];

/// When a signed link expires, by its `ex=`: Unix seconds. `None` for a link that is not signed.
///
/// ```
/// use journeyman_discord::wire::link;
///
/// let link = "https://cdn.discordapp.com/attachments/1/2/a.png?ex=65d903de&is=65c68ede&hm=…";
/// assert_eq!(link::expires_unix_s(link), Some(1_708_721_118));
/// assert!(link::is_expired(link, 1_708_721_118) && !link::is_expired(link, 1_708_721_117));
///
/// // The interesting failure: a link that is not signed never expires by itself.
/// assert!(!link::is_expired("https://example.com/a.png?ex=1", i64::MAX));
/// ```
pub fn expires_unix_s(link: &str) -> Option<i64> {
    let url = parse(link)?;
    let (_, expires) = url.query_pairs().find(|(name, _)| name == "ex")?;
    i64::from_str_radix(&expires, 16).ok().filter(|expires| *expires >= 0)
}

/// Whether a signed link has expired at this time; Discord refuses it then, and it can be refreshed.
pub fn is_expired(link: &str, now_unix_s: i64) -> bool {
    expires_unix_s(link).is_some_and(|expires| expires <= now_unix_s)
}

/// Whether a link leads to a host of Discord's whose links are signed, or to such files on this machine.
///
/// Of a simulator on loopback, links that look the same are taken for signed ones.
pub fn is_of_signed_host(link: &str) -> bool {
    parse(link).is_some()
}

/// The link without its signature: the same for the same file, however often it was signed.
pub fn without_signature(link: &str) -> &str {
    if is_of_signed_host(link) { link.split('?').next().unwrap_or(link) } else { link }
}

fn parse(link: &str) -> Option<Url> {
    let url = Url::parse(link).ok()?;
    let is_attachment = || url.path().split('/').any(|part| part.ends_with("attachments"));
    let is_signed = match url.scheme() {
        "https" => url.host_str().is_some_and(|host| SIGNED.contains(&host)),
        "http" => crate::config::is_loopback(&url) && is_attachment(),
        _ => false,
    };
    is_signed.then_some(url)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_expired_link_is_recognised_by_its_ex() {
        let link = |query: &str| format!("https://cdn.discordapp.com/attachments/1/2/a.png{query}");
        assert!(is_expired(&link("?ex=1&is=0&hm=x"), 1));
        assert!(!is_expired(&link("?ex=2&is=0&hm=x"), 1));
        assert!(is_expired("https://media.discordapp.net/attachments/1/2/a.png?width=7&ex=1", 1));
        assert!(is_expired("http://127.0.0.1:8080/cdn/attachments/1/2/a.png?ex=1", 1));
        for odd in ["", "?", "?ex=", "?ex=xyz", "?ex=-1", "?ex=fffffffffffffffff", "?is=1"] {
            assert_eq!(expires_unix_s(&link(odd)), None, "{odd}");
        }
    }

    #[test]
    fn only_discords_own_files_are_signed() {
        for other in [
            "https://example.com/attachments/1/2/a.png?ex=1",
            "http://cdn.discordapp.com/a.png?ex=1",
            "https://cdn.discordapp.com.example.com/a.png?ex=1",
            "http://127.0.0.1/a.png?ex=1",
            "not a link?ex=1",
        ] {
            assert!(!is_of_signed_host(other) && !is_expired(other, i64::MAX), "{other}");
            assert_eq!(without_signature(other), other);
        }
        let link = "https://cdn.discordapp.com/attachments/1/2/a.png?ex=1&hm=2";
        assert_eq!(without_signature(link), "https://cdn.discordapp.com/attachments/1/2/a.png");
    }
}
