//! What a program of somebody else's cannot do. Each test would fail without the sandbox: what is tried is tried for real,
//! on sentinels of the test.

use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use platform_integration::sandbox::{End, Job, Limits, Means, Outcome, Room, Sandbox};

fn means() -> Means {
    Means {
        exe: PathBuf::from(env!("CARGO_BIN_EXE_platform-integration")),
        path: std::env::split_paths(&std::env::var_os("PATH").unwrap()).collect(),
        home: std::env::var_os("HOME").map(PathBuf::from),
        ..Means::default()
    }
}

/// With namespaces where the kernel has them, and as in a container that refuses them.
fn sandboxes() -> Vec<Sandbox> {
    let full = Sandbox::new(means()).expect("Landlock and seccomp");
    let mut out = vec![Sandbox::without_namespaces(means()).expect("Landlock and seccomp")];
    if full.has_namespaces() {
        out.push(full);
    }
    out
}

fn sh(script: &str) -> Job {
    let limits = Limits { millis: 20_000, ..Limits::default() };
    Job { argv: ["sh", "-c", script].map(str::to_owned).to_vec(), limits, ..Job::default() }
}

fn python(script: &str) -> Job {
    Job { argv: ["python3", "-c", script].map(str::to_owned).to_vec(), ..sh("") }
}

/// Runs it in both kinds of sandbox.
fn each(job: &Job, judge: impl Fn(&Outcome, &Room)) {
    for sandbox in sandboxes() {
        let room = Room::new().unwrap();
        room.put("script.sh", b"echo from a file\n", true).unwrap();
        let outcome = sandbox.run(&room, job).expect("it is run");
        judge(&outcome, &room);
        assert_eq!(alive(room.work().parent().unwrap()), Vec::<String>::new(), "no process is left");
    }
}

/// Processes whose environment names the room.
fn alive(room: &Path) -> Vec<String> {
    let room = room.display().to_string();
    let mut out = Vec::new();
    for entry in std::fs::read_dir("/proc").unwrap().filter_map(Result::ok) {
        let of = |file: &str| std::fs::read(entry.path().join(file)).unwrap_or_default();
        if String::from_utf8_lossy(&of("environ")).contains(&room) {
            out.push(String::from_utf8_lossy(&of("cmdline")).replace('\0', " "));
        }
    }
    out
}

/// A directory outside with something in it to be spoilt.
fn sentinel() -> (tempfile::TempDir, String) {
    let dir = tempfile::tempdir().unwrap();
    std::fs::create_dir(dir.path().join(".ssh")).unwrap();
    std::fs::write(dir.path().join(".ssh/id"), "PRIVATE KEY").unwrap();
    std::fs::set_permissions(dir.path().join(".ssh/id"), std::fs::Permissions::from_mode(0o644)).unwrap();
    let path = dir.path().canonicalize().unwrap().display().to_string();
    (dir, path)
}

fn untouched(dir: &tempfile::TempDir) {
    let id = dir.path().join(".ssh/id");
    assert_eq!(std::fs::read_to_string(&id).unwrap(), "PRIVATE KEY");
    assert_eq!(id.metadata().unwrap().permissions().mode() & 0o777, 0o644);
    assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 1, "nothing was added");
    assert_eq!(std::fs::read_dir(dir.path().join(".ssh")).unwrap().count(), 1, "nothing was added");
}

#[test]
fn a_program_runs_in_its_copy_with_what_it_needs() {
    let job = Job {
        stdin: b"input".to_vec(),
        ..sh("cat; echo; ./script.sh; echo $HOME > here; platform-integration --version; exit 7")
    };
    each(&job, |o, room| {
        assert!(o.exited(7), "{o:?}");
        assert!(o.stdout.starts_with("input\nfrom a file\nplatform-integration "), "{o:?}");
        assert_eq!(
            std::fs::read_to_string(room.work().join("here")).unwrap().trim_end(),
            room.work().with_file_name("home").display().to_string()
        );
    });
    each(
        &python(
            "import json, subprocess, tempfile; open(tempfile.mkstemp()[1], 'w').write('x'); print(subprocess.run(['echo', 'child'], capture_output=True, text=True).stdout)",
        ),
        |o, _| {
            assert!(o.exited(0) && o.stdout.contains("child"), "{o:?}");
        },
    );
    each(
        &Job {
            argv: ["node", "-e", "console.log(require('os').cpus().length > 0)"].map(str::to_owned).to_vec(),
            ..sh("")
        },
        |o, _| {
            assert!(o.exited(0) && o.stdout == "true\n", "{o:?}");
        },
    );
    each(&Job { argv: vec!["no-such-program".to_owned()], ..sh("") }, |o, _| assert!(o.exited(127), "{o:?}"));
}

#[test]
fn nothing_outside_is_written_by_whatever_way() {
    let (dir, path) = sentinel();
    let script = format!(
        "echo x > {path}/new; echo x >> {path}/.ssh/id; rm -rf {path}; rm -rf {path}/.ssh; mv {path}/.ssh {path}/b; \
         ln -s {path} link; echo x > link/new; echo x > link/.ssh/id; ln {path}/.ssh/id hard; \
         echo x > /proc/self/root{path}/new; echo x > /proc/$PPID/root{path}/new; cd link && rm -rf .ssh; \
         chmod 777 {path}/.ssh/id; touch {path}/.ssh/id; truncate -s 0 {path}/.ssh/id; mkdir {path}/d; \
         mkfifo {path}/f; mount -t tmpfs none {path}; chroot {path}; cp /bin/true {path}/true; echo done"
    );
    each(&sh(&script), |o, _| {
        assert_eq!((o.exit, o.stdout.as_str()), (Some(0), "done\n"), "{o:?}");
        untouched(&dir);
    });
    let script = format!(
        "import os\nfor f in [lambda: os.chmod('{path}/.ssh/id', 0), lambda: os.rename('{path}/.ssh/id', 'mine'), lambda: os.link('{path}/.ssh/id', 'mine'), \
         lambda: os.truncate('{path}/.ssh/id', 0), lambda: open('{path}/.ssh/id', 'r+'), lambda: os.utime('{path}/.ssh/id', (1, 1)), lambda: os.setxattr('{path}/.ssh/id', 'user.a', b'b'), \
         lambda: os.chown('{path}/.ssh/id', 1, 1), lambda: os.open('{path}/.ssh/id', os.O_RDONLY | os.O_TRUNC)]:\n  try: f()\n  except OSError as e: print(e)\nprint('done')"
    );
    each(&python(&script), |o, _| {
        assert!(o.exited(0) && o.stdout.ends_with("done\n"), "{o:?}");
        untouched(&dir);
    });
}

#[test]
fn nothing_private_is_read() {
    let (_dir, path) = sentinel();
    let home = std::env::var("HOME").unwrap();
    let script = format!(
        "cat {path}/.ssh/id; ls {path}; ln -s {path}/.ssh/id l; cat l; cat /proc/self/root{path}/.ssh/id; ls {home}; cat /etc/shadow; \
         cat /proc/{}/environ; cat /proc/1/environ; ls /root; ls /home/*; echo end",
        std::process::id()
    );
    each(&sh(&script), |o, _| {
        assert_eq!(o.exit, Some(0), "{o:?}");
        assert!(!o.stdout.contains("PRIVATE") && !o.stdout.contains("CARGO"), "{o:?}");
        assert_eq!(o.stdout, "end\n", "{o:?}");
    });
    // Cargo sets this one for every test.
    assert!(std::env::var_os("CARGO_PKG_NAME").is_some());
    each(&sh("env | sort | cut -d= -f1 | grep -vx -e PWD -e SHLVL -e _ -e OLDPWD"), |o, _| {
        assert_eq!(o.stdout, "HOME\nLANG\nPATH\nTMPDIR\n")
    });
}

#[test]
fn what_the_caller_left_open_is_shut() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("open"), "secret").unwrap();
    let file = std::fs::File::open(dir.path().join("open")).unwrap();
    // As a shell hands it on: `9<open`.
    rustix::io::fcntl_setfd(&file, rustix::io::FdFlags::empty()).unwrap();
    let fd = std::os::fd::AsRawFd::as_raw_fd(&file);
    let script = format!("import os\ntry:\n  print(os.pread({fd}, 9, 0))\nexcept OSError:\n  print('shut')");
    each(&python(&script), |o, _| assert!(o.exited(0) && !o.stdout.contains("secret"), "{o:?}"));
}

#[test]
fn what_lies_outside_can_be_asked_for_and_not_be_looked_into() {
    // The limit of Landlock, written down: when a kernel closes it, this says so.
    let (_dir, path) = sentinel();
    let script = format!(
        "import os\nprint(os.stat('{path}/.ssh/id').st_size > 0)\ntry:\n  print(os.listdir('{path}'))\nexcept OSError:\n  print('shut')"
    );
    each(&python(&script), |o, _| assert!(!o.stdout.contains(".ssh"), "{o:?}"));
}

#[test]
fn no_network_is_reached() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let udp = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
    udp.set_nonblocking(true).unwrap();
    let dir = tempfile::tempdir().unwrap();
    let unix = std::os::unix::net::UnixListener::bind(dir.path().join("s")).unwrap();
    unix.set_nonblocking(true).unwrap();
    let script = format!(
        "import socket\nfor family, kind, to in [(2, 1, ('127.0.0.1', {})), (2, 2, ('127.0.0.1', {})), (10, 1, ('::1', 9)), (1, 1, '{}'), (17, 3, None), (16, 3, None)]:\n  \
         try:\n    s = socket.socket(family, kind); s.settimeout(1)\n    s.connect(to); s.send(b'x'); print('reached', to)\n  except OSError as e: print(e.errno)\n\
         try: socket.getaddrinfo('example.com', 80); print('resolved')\nexcept OSError: print('no name')",
        listener.local_addr().unwrap().port(),
        udp.local_addr().unwrap().port(),
        dir.path().join("s").display()
    );
    each(&python(&script), |o, _| {
        assert_eq!(o.stdout, "100\n100\n100\n100\n100\n100\nno name\n", "{o:?}");
        assert!(listener.accept().is_err() && unix.accept().is_err(), "nobody came");
        assert!(udp.recv(&mut [0; 8]).is_err(), "nothing came");
    });
}

#[test]
fn nobody_else_is_killed_or_traced() {
    let mut other = std::process::Command::new("sleep").arg("600").spawn().unwrap();
    let script = format!(
        "kill -9 {0}; kill -9 {1}; kill -9 $PPID; kill -STOP $PPID; echo alive",
        other.id(),
        std::process::id()
    );
    each(&sh(&script), |o, _| {
        assert!(o.stdout == "alive\n" && o.exited(0), "{o:?}");
        assert!(other_is_alive(&other), "it was killed");
    });
    other.kill().unwrap();
    other.wait().unwrap();
}

fn other_is_alive(other: &std::process::Child) -> bool {
    std::fs::read_to_string(format!("/proc/{}/stat", other.id())).is_ok_and(|s| !s.contains(") Z "))
}

#[test]
fn what_does_not_end_is_ended_with_all_that_it_started() {
    let short = |script: &str| Job { limits: Limits { millis: 1_500, ..Limits::default() }, ..sh(script) };
    each(&short("while :; do :; done"), |o, _| assert_eq!(o.end, End::Time, "{o:?}"));
    each(&short("trap '' TERM HUP INT; sleep 600 & sleep 600"), |o, _| {
        assert_eq!(o.end, End::Time, "{o:?}");
        assert!(o.processes_killed >= 1, "{o:?}");
    });
    // Both streams shut, and on it goes.
    each(&short("exec >&- 2>&-; sleep 600"), |o, _| assert_eq!(o.end, End::Time, "{o:?}"));
    // A daemon: its parent is gone, its session is its own, and it keeps the streams.
    each(&sh("setsid sh -c 'sleep 600 & sleep 600' & (setsid setsid sleep 600 &) ; sleep 0.2; echo left"), |o, _| {
        assert!(o.exited(0) && o.stdout == "left\n", "{o:?}");
        assert!(o.processes_killed >= 2, "{o:?}");
    });
}

#[test]
fn a_fork_bomb_a_flood_and_a_glutton_are_ended() {
    // Which limit is met first depends on what else runs; that it is ended and leaves nothing does not.
    let (dir, path) = sentinel();
    let few = |job: Job| Job { limits: Limits { millis: 2_000, processes: 64, ..Limits::default() }, ..job };
    each(&few(sh(&format!("f() {{ echo x > {path}/new; f | f & }}; f; sleep 60"))), |o, _| {
        // A shell that cannot fork gives up; its children do not.
        assert!(!o.exited(0), "{o:?}");
        untouched(&dir);
    });
    each(&few(python("import os\nwhile True:\n  try: os.fork()\n  except OSError: pass")), |o, _| {
        assert!(o.end != End::Itself, "{o:?}")
    });
    each(&sh("head -c 1000000000 /dev/zero | tr '\\0' x"), |o, _| {
        assert!(matches!(o.end, End::Output | End::Time), "{:?} {:?}", o.end, o.exit);
        assert!(o.stdout.len() < 70_000 && o.stdout.contains("bytes left out"));
    });
    each(&python("x = bytearray(4 << 30)"), |o, _| assert!(!o.exited(0), "{o:?}"));
    each(
        &python("import os\nfor i in range(4): os.fork()\nx = bytearray(500 << 20)\nimport time; time.sleep(60)"),
        |o, _| {
            assert!(matches!(o.end, End::Memory | End::Time), "{o:?}");
        },
    );
    each(&sh("head -c 100000000 /dev/zero > big; ls -s big | cut -d' ' -f1"), |o, room| {
        assert!(room.work().join("big").metadata().unwrap().len() <= 64 << 20, "{o:?}");
    });
    each(&sh("i=0; while :; do i=$((i+1)); head -c 60000000 /dev/zero > big$i; done"), |o, _| {
        assert!(matches!(o.end, End::Disk | End::Time), "{o:?}")
    });
}

#[test]
fn whoever_kills_the_command_ends_the_program() {
    for sandbox in sandboxes() {
        let room = Room::new().unwrap();
        let mut command = sandbox.command(&room, &sh("setsid sleep 600 & echo up; sleep 600")).unwrap();
        let mut child =
            command.stdin(std::process::Stdio::null()).stdout(std::process::Stdio::piped()).spawn().unwrap();
        let mut line = [0; 3];
        std::io::Read::read_exact(child.stdout.as_mut().unwrap(), &mut line).unwrap();
        assert_eq!(&line, b"up\n");
        assert!(!alive(room.work().parent().unwrap()).is_empty(), "it runs");
        child.kill().unwrap();
        child.wait().unwrap();
        // End of its stream: nobody holds it any more.
        let mut rest = Vec::new();
        std::io::Read::read_to_end(child.stdout.as_mut().unwrap(), &mut rest).unwrap();
        for _ in 0..200 {
            if alive(room.work().parent().unwrap()).is_empty() {
                break;
            }
            std::thread::sleep(std::time::Duration::from_millis(10));
        }
        assert_eq!(alive(room.work().parent().unwrap()), Vec::<String>::new());
    }
}

#[test]
fn a_room_takes_no_path_that_leads_out_and_is_gone_in_the_end() {
    let room = Room::new().unwrap();
    room.put("../outside", b"x", false).unwrap();
    room.put("/tmp/platform-integration-outside", b"x", false).unwrap();
    let base = room.work().parent().unwrap().to_owned();
    assert!(!base.join("outside").exists() && !Path::new("/tmp/platform-integration-outside").exists());
    std::fs::create_dir(room.work().join("shut")).unwrap();
    std::fs::write(room.work().join("shut/file"), "x").unwrap();
    std::fs::set_permissions(room.work().join("shut"), std::fs::Permissions::from_mode(0o0)).unwrap();
    drop(room);
    assert!(!base.exists());
}
