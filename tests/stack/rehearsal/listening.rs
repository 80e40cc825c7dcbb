//! Where a process and its children listen, as Linux tells.

use std::{collections::BTreeSet, fs, path::PathBuf};

/// The addresses beyond 127.0.0.1 and `::1` on which the process or one of its children listens, as the kernel writes them.
pub fn beyond_loopback(process: u32) -> Vec<String> {
    let sockets: BTreeSet<String> = family(process).into_iter().flat_map(sockets).collect();
    let lines = ["/proc/net/tcp", "/proc/net/tcp6"].map(|path| fs::read_to_string(path).unwrap()).concat();
    let entries = lines.lines().map(|line| line.split_whitespace().collect::<Vec<_>>());
    let listening = entries.filter(|entry| entry.len() > 9 && entry[3] == "0A" && sockets.contains(entry[9]));
    let addresses = listening.map(|entry| entry[1].to_owned());
    addresses.filter(|address| !is_loopback(address)).collect()
}

/// 127.0.0.1 and `::1`, whose bytes are written in the host's order, four at a time.
fn is_loopback(address: &str) -> bool {
    address.starts_with("0100007F:") || address.starts_with("00000000000000000000000001000000:")
}

fn family(process: u32) -> Vec<u32> {
    let threads = entries(&format!("/proc/{process}/task"));
    let children = threads.iter().filter_map(|thread| fs::read_to_string(thread.join("children")).ok());
    let children: String = children.collect();
    let children = children.split_whitespace().map(|child| child.parse().unwrap());
    [process].into_iter().chain(children.flat_map(family)).collect()
}

fn sockets(process: u32) -> Vec<String> {
    let open = entries(&format!("/proc/{process}/fd"));
    let targets = open.iter().filter_map(|path| fs::read_link(path).ok());
    let names = targets.map(|target| target.to_string_lossy().into_owned());
    names.filter_map(|name| Some(name.strip_prefix("socket:[")?.strip_suffix(']')?.to_owned())).collect()
}

/// What is in a folder; nothing, when its process has just ended.
fn entries(folder: &str) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten();
    entries.filter_map(|entry| Some(entry.ok()?.path())).collect()
}

/// 127.0.0.2 is this computer's alone, too, but another address.
#[cfg(target_os = "linux")]
#[test]
fn a_socket_on_another_address_is_found() {
    let other = std::net::TcpListener::bind("127.0.0.2:0").unwrap();
    let port = other.local_addr().unwrap().port();
    assert!(beyond_loopback(std::process::id()).contains(&format!("0200007F:{port:04X}")));
}
