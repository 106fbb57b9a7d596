//! Runs a plan from a file and prints the evidence: for looking at what the sandbox sees.
use std::process::ExitCode;

fn main() -> ExitCode {
    let args: Vec<_> = std::env::args_os().collect();
    if let Some(code) = ipclab_sandbox::hidden(&args) {
        return code;
    }
    let plan: ipclab_evidence::Plan =
        serde_json::from_str(&std::fs::read_to_string(&args[1]).expect("plan file")).expect("plan");
    let runs: usize = args
        .get(2)
        .map_or(1, |n| n.to_string_lossy().parse().expect("count"));
    let choice = match args
        .get(3)
        .map(|w| w.to_string_lossy().into_owned())
        .as_deref()
    {
        Some("shared") => ipclab_sandbox::LevelChoice::Shared,
        _ => ipclab_sandbox::LevelChoice::Namespaces,
    };
    let mut sandbox = ipclab_sandbox::Sandbox::start(choice).expect("sandbox");
    let mut times = Vec::new();
    let mut outputs = std::collections::BTreeSet::new();
    for run in 0..runs {
        let began = std::time::Instant::now();
        let evidence = sandbox.run(&plan).expect("run");
        times.push(began.elapsed().as_secs_f64() * 1e3);
        let printed = evidence.actors.iter().map(|actor| actor.stdout.kept());
        outputs.insert(printed.map(|bytes| bytes.to_text()).collect::<Vec<_>>());
        if run == 0 {
            println!("{}", serde_json::to_string_pretty(&evidence).expect("json"));
        }
    }
    times.sort_by(f64::total_cmp);
    eprintln!(
        "{} runs, {} different outputs: min {:.2} median {:.2} max {:.2} ms",
        runs,
        outputs.len(),
        times[0],
        times[runs / 2],
        times[runs - 1]
    );
    ExitCode::SUCCESS
}
