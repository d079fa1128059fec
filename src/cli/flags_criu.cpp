// Room: cli. The flags of checkpoint and restore.
#include "flags.hpp"

namespace cleat::cli {

namespace {

void add_criu_flags(CLI::App& app, lifecycle::CriuOptions& own) {
    add_text(app, "--image-path", own.image_path, "where the images are (default: checkpoint)");
    add_text(app, "--work-path", own.work_path, "where CRIU's logs are (default: with the images)");
    add_choice(app, "--manage-cgroups-mode", own.manage_cgroups_mode,
               {{"soft", "full", "strict", "ignore"}, "soft, full, strict or ignore"});
    add_choice(app, "--empty-ns", own.empty_ns,
               {{"network"}, "network: leave that namespace's content alone"});
    add_choice(app, "--network-lock", own.network_lock,
               {{"iptables", "nftables", "skip"}, "iptables, nftables or skip"});
    app.add_flag("--tcp-established", own.tcp_established, "with open TCP connections");
    app.add_flag("--ext-unix-sk", own.ext_unix_sk, "with Unix sockets whose peers are outside");
    app.add_flag("--shell-job", own.shell_job, "with a terminal of the caller's");
    app.add_flag("--file-locks", own.file_locks, "with file locks");
    app.add_flag("--auto-dedup", own.auto_dedup, "keep no page twice in the images");
    app.add_flag("--lazy-pages", own.lazy_pages, "memory follows when it is asked for");
}

}  // namespace

void build_checkpoint(CLI::App& app, Arguments& arguments) {
    auto& own = arguments.emplace<CheckpointArguments>();
    auto& options = own.options;
    add_criu_flags(app, options.criu);
    app.add_flag("--leave-running", options.leave_running, "do not end and delete the container");
    app.add_flag("--pre-dump", options.pre_dump, "only its memory, and let it run on");
    add_text(app, "--parent-path", options.parent_path,
             "images of a pre-dump, from the image path on");
    app.add_flag("--tcp-skip-in-flight", options.tcp_skip_in_flight,
                 "without TCP connections that are not established yet");
    app.add_flag("--link-remap", options.link_remap, "with deleted files that are open");
    add_text(app, "--page-server", options.page_server, "send the memory to ADDRESS:PORT");
    app.add_option("--status-fd", options.status_fd, "write a zero there when lazy pages are ready")
        ->take_last();
    add_id(app, own.id);
}

void build_restore(CLI::App& app, Arguments& arguments) {
    auto& own = arguments.emplace<RestoreArguments>();
    auto& options = own.options;
    add_criu_flags(app, options.criu);
    add_text(app, "-b,--bundle", own.bundle, "the bundle's directory (default: .)");
    add_text(app, "--console-socket", own.console_socket, "send the terminal to this socket");
    add_text(app, "--pid-file", own.pid_file, "write the process's pid to this file");
    app.add_flag("-d,--detach", options.detach, "do not wait for the container's end");
    app.add_flag("--tcp-close", options.tcp_close, "close the TCP connections");
    add_text(app, "--lsm-profile", options.lsm_profile, "TYPE:NAME of another profile");
    add_text(app, "--lsm-mount-context", options.lsm_mount_context, "another label for mounts");
    add_ignored(app, "--no-pivot", "accepted, without effect");
    add_ignored(app, "--no-subreaper", "accepted, without effect");
    add_id(app, own.id);
}

}  // namespace cleat::cli
