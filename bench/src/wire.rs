use std::{net::SocketAddr, time::Duration};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use crate::Failed;

/// So long an answer may take.
const PATIENCE: Duration = Duration::from_secs(60);
/// Room for what is usually answered at once.
const ROOM: usize = 64 * 1024;

/// One connection of HTTP/1.1, kept open, that asks by as little work as can be: where client and server share the cores, what the one
/// takes the other lacks.
pub(crate) struct Wire {
    stream: TcpStream,
    held: Vec<u8>,
}

/// An answer, as it lies in its connection's memory.
pub(crate) struct Heard<'w> {
    pub(crate) status: u16,
    pub(crate) head: &'w str,
    pub(crate) body: &'w [u8],
}

impl Heard<'_> {
    pub(crate) fn expect(&self, status: u16) -> Result<(), Failed> {
        if self.status == status {
            return Ok(());
        }
        let says: String = String::from_utf8_lossy(self.body).chars().take(200).collect();
        Err(Failed::because(format!("the answer was {} instead of {status}: {says}", self.status)))
    }

    /// The value of a header.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        header(self.head, name)
    }
}

fn header<'h>(head: &'h str, name: &str) -> Option<&'h str> {
    head.lines().find_map(|line| {
        let (found, value) = line.split_once(':')?;
        found.eq_ignore_ascii_case(name).then(|| value.trim())
    })
}

impl Wire {
    pub(crate) async fn connect(address: SocketAddr) -> Result<Self, Failed> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        Ok(Self { stream, held: Vec::with_capacity(ROOM) })
    }

    /// Asks with a request as it goes over the wire, and reads the answer whole.
    pub(crate) async fn ask(&mut self, request: &[u8]) -> Result<Heard<'_>, Failed> {
        tokio::time::timeout(PATIENCE, self.exchange(request)).await?
    }

    async fn exchange(&mut self, request: &[u8]) -> Result<Heard<'_>, Failed> {
        self.held.clear();
        self.stream.write_all(request).await?;
        let mut looked = 0;
        let end = loop {
            self.more().await?;
            let rest = self.held.get(looked..).unwrap_or_default();
            if let Some(at) = rest.windows(4).position(|four| four == b"\r\n\r\n") {
                break looked + at + 4;
            }
            looked = self.held.len().saturating_sub(3);
        };
        let unclear = || Failed::because("the answer is no HTTP/1.1 of a known length");
        let head = std::str::from_utf8(self.held.get(..end).unwrap_or_default())?;
        let status: u16 = head.get(9..12).ok_or_else(unclear)?.parse()?;
        let length = match header(head, "content-length") {
            _ if status == 304 => 0,
            Some(length) => length.parse::<usize>()?,
            None => return Err(unclear()),
        };
        while self.held.len() < end + length {
            self.more().await?;
        }
        let (head, rest) = self.held.split_at(end);
        let body = rest.get(..length).unwrap_or_default();
        Ok(Heard { status, head: std::str::from_utf8(head)?, body })
    }

    async fn more(&mut self) -> Result<(), Failed> {
        match self.stream.read_buf(&mut self.held).await? {
            0 => Err(Failed::because("the connection was closed")),
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use tokio::{
        io::{AsyncReadExt, AsyncWriteExt},
        net::TcpListener,
    };

    use super::Wire;

    #[tokio::test]
    async fn answers_are_read_whole_however_they_come() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let serving = tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            for answer in [
                "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello",
                "HTTP/1.1 304 Not Modified\r\ncontent-length: 5\r\n\r\n",
                "HTTP/1.1 200 OK\r\n\r\n",
            ] {
                assert_eq!(stream.read(&mut [0; 100]).await.unwrap(), 3);
                for byte in answer.as_bytes() {
                    stream.write_all(&[*byte]).await.unwrap();
                    stream.flush().await.unwrap();
                }
            }
        });
        let mut wire = Wire::connect(address).await.unwrap();
        let heard = wire.ask(b"one").await.unwrap();
        assert_eq!((heard.status, heard.header("content-length")), (200, Some("5")));
        assert_eq!(heard.body, b"hello");
        assert!(heard.expect(200).is_ok() && heard.expect(206).is_err());
        assert_eq!(wire.ask(b"two").await.unwrap().status, 304);
        assert!(wire.ask(b"and").await.is_err(), "of no length");
        serving.await.unwrap();
    }
}
