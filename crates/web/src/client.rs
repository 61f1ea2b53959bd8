use std::{
    net::{IpAddr, Ipv6Addr, SocketAddr},
    sync::Arc,
};

use http::HeaderMap;

use crate::Site;

/// The address at the other end of the connection itself: whoever accepts connections puts it into each request.
#[derive(Clone, Copy, Debug)]
pub struct Peer(pub IpAddr);

/// The host name that a TLS connection was made for: a request on it for another one is refused, since browsers put requests for
/// several names of one certificate on one connection.
#[derive(Clone, Debug)]
pub struct ServerName(pub String);

/// The certificates (DER, the holder's own first) that the client showed in the TLS handshake, which has proved that it has their key
/// and nothing else. Only on connections to the card host.
#[derive(Clone, Debug, Default)]
pub struct ClientCertificates(pub Arc<Vec<Vec<u8>>>);

/// Who is at the other end of the connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Client {
    /// Their address: the right-most hop of `X-Forwarded-For` that is no trusted proxy, or the peer itself.
    pub address: IpAddr,
    /// Whether that is only a trusted proxy, which did not say for whom it asks: nobody knows where they are.
    pub hidden: bool,
}

impl Client {
    /// Finds the client of a request that came from `peer`.
    #[must_use]
    pub fn of(peer: IpAddr, headers: &HeaderMap, site: &Site) -> Self {
        let mut address = peer.to_canonical();
        let hops = headers.get_all("x-forwarded-for").iter().rev();
        for hop in hops.flat_map(|value| value.to_str().unwrap_or("?").rsplit(',')) {
            if !site.trusts(address) {
                break;
            }
            // A hop that is no address was not written by a proxy of ours: nothing left of it can be believed.
            let Some(hop) = hop_address(hop.trim()) else { break };
            address = hop.to_canonical();
        }
        Self { address, hidden: site.trusts(address) }
    }

    /// The network that this client counts under; see [`network`].
    #[must_use]
    pub fn network(&self) -> String {
        network(self.address)
    }
}

/// An address, as some proxies write it with a port.
fn hop_address(hop: &str) -> Option<IpAddr> {
    hop.parse().ok().or_else(|| Some(hop.parse::<SocketAddr>().ok()?.ip()))
}

/// The network of an address for counters: the address itself, for IPv6 its /64, since one household or ward has one.
#[must_use]
pub fn network(address: IpAddr) -> String {
    match address.to_canonical() {
        IpAddr::V4(address) => address.to_string(),
        IpAddr::V6(address) => {
            let [a, b, c, d, ..] = address.segments();
            format!("{}/64", Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0))
        }
    }
}

#[cfg(test)]
mod tests {
    use std::net::IpAddr;

    use http::HeaderMap;

    use super::{Client, network};
    use crate::Site;

    fn found(peer: &str, forwarded: &[&str]) -> String {
        let mut site = Site::new("x", "https://a.example").unwrap();
        site.trusted_proxies = vec!["10.0.0.0/8".parse().unwrap()];
        let mut headers = HeaderMap::new();
        for line in forwarded {
            headers.append("x-forwarded-for", line.parse().unwrap());
        }
        Client::of(peer.parse().unwrap(), &headers, &site).address.to_string()
    }

    #[test]
    fn only_hops_that_trusted_proxies_wrote_are_believed() {
        for (peer, forwarded, client) in [
            ("203.0.113.9", &["192.0.2.1"][..], "203.0.113.9"), // no proxy of ours: the header is forged
            ("10.0.0.1", &["192.0.2.1"], "192.0.2.1"),
            ("10.0.0.1", &["198.51.100.7, 192.0.2.1"], "192.0.2.1"), // what the client wrote itself stands to the left
            ("10.0.0.1", &["192.0.2.1, 10.0.0.2"], "192.0.2.1"),
            ("10.0.0.1", &["198.51.100.7", "192.0.2.1"], "192.0.2.1"),
            ("10.0.0.1", &["192.0.2.1, nonsense"], "10.0.0.1"),
            ("10.0.0.1", &[], "10.0.0.1"),
            ("::ffff:10.0.0.1", &["::ffff:192.0.2.1"], "192.0.2.1"),
            ("10.0.0.1", &["2001:db8::1"], "2001:db8::1"),
            ("10.0.0.1", &["192.0.2.1:49152"], "192.0.2.1"),
            ("10.0.0.1", &["[2001:db8::1]:49152"], "2001:db8::1"),
        ] {
            assert_eq!(found(peer, forwarded), client, "{peer} {forwarded:?}");
        }
    }

    #[test]
    fn a_proxy_that_does_not_say_for_whom_it_asks_hides_them() {
        let mut site = Site::new("x", "https://a.example").unwrap();
        site.trusted_proxies = vec!["10.0.0.0/8".parse().unwrap()];
        let hidden = |peer: &str| Client::of(peer.parse().unwrap(), &HeaderMap::new(), &site).hidden;
        assert!(hidden("10.0.0.1") && !hidden("192.0.2.1"));
    }

    #[test]
    fn a_network_is_an_address_or_a_64() {
        assert_eq!(network("192.0.2.1".parse::<IpAddr>().unwrap()), "192.0.2.1");
        assert_eq!(network("2001:db8:1:2:3:4:5:6".parse::<IpAddr>().unwrap()), "2001:db8:1:2::/64");
    }
}
