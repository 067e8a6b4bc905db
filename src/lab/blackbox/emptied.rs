//! A file of a program's state that is written anew in its place is empty for a moment, and who is killed in that moment finds it
//! empty (Pillai et al., "All File Systems Are Not Created Equal", OSDI 2014: replace via truncate). Such a moment is looked for
//! where the system tells of files that are opened; elsewhere none is found.

use std::path::Path;
use std::sync::Arc;

use super::control::Control;

/// What a program was doing when it was killed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Emptied {
    /// The file, by its path in the state directory.
    pub(super) name: String,
}

/// Looks at a state directory while one process runs.
pub(super) struct Watch {
    #[cfg(target_os = "linux")]
    inner: Option<linux::Watch>,
}

impl Watch {
    /// Looks at this directory. Once [`Control::rewriting_kills`] says so, the program is killed when one of its files is empty that was
    /// not. Where the system cannot tell, nothing is looked at.
    pub(super) fn start(state: &Path, control: &Arc<Control>) -> Self {
        #[cfg(target_os = "linux")]
        return Self { inner: linux::Watch::start(state, control) };
        #[cfg(not(target_os = "linux"))]
        {
            let _ = (state, control);
            Self {}
        }
    }

    /// To be called when the process is gone. The file that was empty when it was killed, as it is left.
    pub(super) fn end(self) -> Option<Emptied> {
        #[cfg(target_os = "linux")]
        return self.inner.and_then(linux::Watch::end);
        #[cfg(not(target_os = "linux"))]
        None
    }
}

#[cfg(target_os = "linux")]
mod linux {
    use std::collections::HashMap;
    use std::mem::MaybeUninit;
    use std::os::fd::OwnedFd;
    use std::path::{Path, PathBuf};
    use std::sync::Arc;
    use std::sync::atomic::{AtomicBool, Ordering};
    use std::thread::JoinHandle;
    use std::time::Duration;

    use rustix::event::{PollFd, PollFlags, Timespec, poll};
    use rustix::fs::inotify::{self, CreateFlags, ReadFlags, WatchFlags};
    use tokio::time::Instant;

    use super::super::control::Control;
    use super::Emptied;

    /// How long a file that was opened is looked at.
    const LOOK: Duration = Duration::from_micros(800);
    /// How long nothing is waited for at a time.
    const TURN: Timespec = Timespec { tv_sec: 0, tv_nsec: 20_000_000 };
    /// Directories below the state directory that are looked at.
    const MOST: usize = 50;

    pub(super) struct Watch {
        over: Arc<AtomicBool>,
        thread: Option<JoinHandle<Option<Emptied>>>,
    }

    impl Drop for Watch {
        fn drop(&mut self) {
            self.over.store(true, Ordering::SeqCst);
        }
    }

    impl Watch {
        pub(super) fn start(state: &Path, control: &Arc<Control>) -> Option<Self> {
            let over = Arc::new(AtomicBool::new(false));
            let fd = inotify::init(CreateFlags::CLOEXEC | CreateFlags::NONBLOCK).ok()?;
            let mut eye = Eye {
                fd,
                root: state.to_owned(),
                places: HashMap::new(),
                sizes: HashMap::new(),
                control: Arc::clone(control),
                seen: None,
            };
            eye.look_into(state);
            let ended = Arc::clone(&over);
            let thread = Some(std::thread::spawn(move || eye.watch(&ended)));
            Some(Self { over, thread })
        }

        pub(super) fn end(mut self) -> Option<Emptied> {
            self.over.store(true, Ordering::SeqCst);
            self.thread.take()?.join().ok().flatten()
        }
    }

    /// A file that was seen empty, and what the program did from then on.
    struct Seen {
        file: PathBuf,
        arrivals: u64,
        /// It changed no other file.
        alone: bool,
    }

    struct Eye {
        fd: OwnedFd,
        root: PathBuf,
        places: HashMap<i32, PathBuf>,
        /// Bytes of each file when it was closed last.
        sizes: HashMap<PathBuf, u64>,
        control: Arc<Control>,
        seen: Option<Seen>,
    }

    impl Eye {
        fn look_into(&mut self, directory: &Path) {
            let of = WatchFlags::OPEN
                | WatchFlags::MODIFY
                | WatchFlags::CLOSE_WRITE
                | WatchFlags::CREATE
                | WatchFlags::DELETE
                | WatchFlags::MOVED_FROM
                | WatchFlags::MOVED_TO;
            if self.places.len() >= MOST {
                return;
            }
            if let Ok(place) = inotify::add_watch(&self.fd, directory, of) {
                self.places.insert(place, directory.to_owned());
            }
            for entry in std::fs::read_dir(directory).into_iter().flatten().flatten() {
                match entry.metadata() {
                    Ok(m) if m.is_dir() => self.look_into(&entry.path()),
                    Ok(m) => drop(self.sizes.insert(entry.path(), m.len())),
                    Err(_) => {}
                }
            }
        }

        fn watch(mut self, over: &AtomicBool) -> Option<Emptied> {
            loop {
                let last = over.load(Ordering::SeqCst);
                if !last {
                    let _ = poll(&mut [PollFd::new(&self.fd, PollFlags::IN)], Some(&TURN));
                }
                self.events();
                if last {
                    return self.left();
                }
            }
        }

        fn events(&mut self) {
            let mut told: Vec<(PathBuf, ReadFlags)> = Vec::new();
            let mut buffer = [MaybeUninit::uninit(); 4096];
            let mut reader = inotify::Reader::new(&self.fd, &mut buffer);
            while let Ok(event) = reader.next() {
                let name = event.file_name().map(|n| String::from_utf8_lossy(n.to_bytes()).into_owned());
                let place = self.places.get(&event.wd());
                if let Some((place, name)) = place.zip(name) {
                    told.push((place.join(name), event.events()));
                }
                // What was opened is looked at before what came of it.
                if reader.is_buffer_empty() {
                    break;
                }
            }
            for (path, what) in told {
                self.one(&path, what);
            }
        }

        fn one(&mut self, path: &Path, what: ReadFlags) {
            if what.contains(ReadFlags::ISDIR) {
                if what.intersects(ReadFlags::CREATE | ReadFlags::MOVED_TO) {
                    self.look_into(path);
                }
                return;
            }
            if let Some(seen) = &mut self.seen {
                seen.alone &= seen.file == path || what.contains(ReadFlags::OPEN);
                return;
            }
            // Another file comes under this name: that one is empty because it is new.
            if what.intersects(ReadFlags::CREATE | ReadFlags::DELETE | ReadFlags::MOVED_FROM) {
                self.sizes.remove(path);
            }
            if what.contains(ReadFlags::OPEN)
                && self.sizes.get(path).is_some_and(|size| *size > 0)
                && !kept_by_sqlite(path)
            {
                self.stare_at(path);
            }
            if what.intersects(ReadFlags::CLOSE_WRITE | ReadFlags::MOVED_TO)
                && let Ok(m) = std::fs::metadata(path)
            {
                self.sizes.insert(path.to_owned(), m.len());
            }
        }

        /// A file that had something in it was opened: whether it is empty now.
        fn stare_at(&mut self, path: &Path) {
            let began = Instant::now();
            while self.control.rewriting_kills() && began.elapsed() < LOOK {
                let arrivals = self.control.arrivals();
                match std::fs::metadata(path) {
                    Ok(m) if m.len() == 0 => {
                        self.control.kill_while_rewriting();
                        self.seen = Some(Seen { file: path.to_owned(), arrivals, alone: true });
                        return;
                    }
                    Ok(_) => std::hint::spin_loop(),
                    Err(_) => return,
                }
            }
        }

        /// It may have gone on for a moment before it was dead. Where it did nothing in that moment but fill the file, it is as if it
        /// had been killed before that.
        fn left(self) -> Option<Emptied> {
            let seen = self.seen?;
            if !seen.alone || seen.arrivals != self.control.arrivals() {
                return None;
            }
            let file = std::fs::OpenOptions::new().write(true).open(&seen.file).ok()?;
            file.set_len(0).ok()?;
            let name = seen.file.strip_prefix(&self.root).unwrap_or(&seen.file).display().to_string();
            Some(Emptied { name })
        }
    }

    /// SQLite empties its journals, and knows what that means.
    fn kept_by_sqlite(path: &Path) -> bool {
        let name = path.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
        ["-journal", "-wal", "-shm"].iter().any(|end| name.ends_with(end))
    }
}

#[cfg(test)]
#[cfg(target_os = "linux")]
mod tests {
    use std::fs;
    use std::io::Write as _;
    use std::sync::Arc;
    use std::sync::atomic::Ordering;
    use std::time::Duration;

    use super::{Emptied, Watch};
    use crate::lab::blackbox::control::Control;

    /// Anew in its place, as the programs do that are looked for here.
    fn put(file: &std::path::Path, text: &str) {
        fs::File::create(file).unwrap().write_all(text.as_bytes()).unwrap();
    }

    fn armed(state: &std::path::Path) -> (Arc<Control>, Watch) {
        let control = Arc::new(Control::new(state.join("disabled")));
        control.begin(1, None);
        control.kill_when_rewriting(1);
        let watch = Watch::start(state, &control);
        (control, watch)
    }

    #[test]
    fn who_writes_a_file_anew_in_its_place_is_killed_while_it_is_empty() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("state.json");
        put(&file, "{}");
        let (control, watch) = armed(dir.path());
        let anew = || {
            let mut open = fs::File::create(&file).unwrap();
            std::thread::sleep(Duration::from_millis(3));
            open.write_all(b"{\"of\": \"today\"}").unwrap();
        };
        anew();
        assert!(!control.killed.load(Ordering::SeqCst), "no write was answered yet");
        control.answered();
        for _ in 0..200 {
            anew();
            if control.killed.load(Ordering::SeqCst) {
                break;
            }
        }
        assert_eq!(watch.end(), Some(Emptied { name: "state.json".to_owned() }));
        assert_eq!(fs::read(&file).unwrap(), b"", "as it would have been left");
    }

    #[test]
    fn who_writes_aside_and_renames_or_appends_is_not() {
        let dir = tempfile::tempdir().unwrap();
        let at = |name: &str| dir.path().join(name);
        put(&at("state.json"), "{}");
        let (control, watch) = armed(dir.path());
        control.answered();
        for n in 0..20 {
            put(&at("state.json.new"), &format!("{{\"n\": {n}}}"));
            fs::rename(at("state.json.new"), at("state.json")).unwrap();
            let mut ledger = fs::OpenOptions::new().append(true).create(true).open(at("ledger")).unwrap();
            ledger.write_all(b"one more\n").unwrap();
            fs::File::create(at("store.db-journal")).unwrap();
        }
        assert_eq!(watch.end(), None);
        assert!(!control.killed.load(Ordering::SeqCst));
        assert_eq!(fs::read(at("state.json")).unwrap(), b"{\"n\": 19}");
    }
}
