use std::net::IpAddr;

use http::uri::Authority;
use ipnet::IpNet;
use url::Url;

/// What the operator says about the site as a whole.
#[derive(Clone, Debug)]
pub struct Site {
    /// The name shown on pages.
    pub name: String,
    /// The address that people type, such as `https://my.example.nhs.uk/`: scheme, host and port only.
    address: Url,
    /// Proxies whose `X-Forwarded-For` is believed.
    pub trusted_proxies: Vec<IpNet>,
    /// Whether this is the demo: pages then say so, and that everything is made up.
    pub demo: bool,
}

/// Why an address cannot be the site's.
#[derive(Debug, thiserror::Error)]
#[error("{0:?} is no address for a site: write it like https://portal.example.org, without a path")]
pub struct SiteAddressError(String);

impl Site {
    /// A site with this name and address.
    ///
    /// # Errors
    /// Where the address is not `http(s)://host[:port]`.
    pub fn new(name: impl Into<String>, address: &str) -> Result<Self, SiteAddressError> {
        let wrong = || SiteAddressError(address.to_owned());
        let url = Url::parse(address).map_err(|_| wrong())?;
        let bare = url.path() == "/"
            && url.query().is_none()
            && url.username().is_empty()
            && url.fragment().is_none();
        if !bare || !matches!(url.scheme(), "http" | "https") || url.host().is_none() {
            return Err(wrong());
        }
        Ok(Self { name: name.into(), address: url, trusted_proxies: Vec::new(), demo: false })
    }

    /// The full address of `path` (which begins with `/`), for mails.
    #[must_use]
    pub fn link(&self, path: &str) -> String {
        format!("{}{path}", self.origin())
    }

    /// The origin as browsers write it: `https://portal.example.org` or `http://localhost:8080`.
    #[must_use]
    pub fn origin(&self) -> String {
        self.address.origin().ascii_serialization()
    }

    /// Whether people reach the site by HTTPS.
    #[must_use]
    pub fn is_https(&self) -> bool {
        self.address.scheme() == "https"
    }

    /// The host without its port.
    #[must_use]
    pub fn host(&self) -> &str {
        self.address.host_str().unwrap_or_default()
    }

    /// Whether a request's authority (`Host` or `:authority`) is this site's.
    #[must_use]
    pub fn is_own(&self, authority: &Authority) -> bool {
        let default = if self.is_https() { 443 } else { 80 };
        let port = authority.port_u16().unwrap_or(default);
        authority.host().trim_end_matches('.').eq_ignore_ascii_case(self.host())
            && Some(port) == self.address.port_or_known_default()
    }

    /// Whether `peer` is a proxy whose headers are believed.
    #[must_use]
    pub fn trusts(&self, peer: IpAddr) -> bool {
        self.trusted_proxies.iter().any(|network| network.contains(&peer))
    }
}

#[cfg(test)]
mod tests {
    use super::Site;

    #[test]
    fn only_a_bare_origin_is_an_address() {
        for wrong in [
            "",
            "portal",
            "ftp://a.example",
            "https://a.example/portal",
            "https://u@a.example",
            "https://a.example/?x",
        ] {
            assert!(Site::new("x", wrong).is_err(), "{wrong}");
        }
        let site = Site::new("x", "https://Portal.example:443/").unwrap();
        assert_eq!(site.link("/forgotten"), "https://portal.example/forgotten");
    }

    #[test]
    fn a_request_for_another_host_is_not_ours() {
        let site = Site::new("x", "http://localhost:8080").unwrap();
        assert!(site.is_own(&"LOCALHOST:8080".parse().unwrap()));
        for other in ["localhost", "localhost:81", "evil.example:8080", "localhost.evil.example:8080"] {
            assert!(!site.is_own(&other.parse().unwrap()), "{other}");
        }
    }
}
