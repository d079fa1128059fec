// Room: cli. The flags of checkpoint and restore.
#include "flags.hpp"

namespace cleat::cli {

namespace {

/// What engines pass to both commands, so that the answer is what is missing and not which flag.
void add_criu_flags(CLI::App& app) {
    for (const char* flag : {"--tcp-established", "--ext-unix-sk", "--shell-job", "--file-locks",
                             "--auto-dedup", "--lazy-pages"})
        add_ignored(app, flag, "for CRIU");
    for (const char* flag :
         {"--image-path", "--work-path", "--manage-cgroups-mode", "--empty-ns", "--network-lock"})
        app.add_option(flag)->description("for CRIU")->allow_extra_args(false);
}

}  // namespace

void build_checkpoint(CLI::App& app, Arguments& arguments) {
    auto& own = arguments.emplace<CriuArguments>();
    add_criu_flags(app);
    for (const char* flag :
         {"--leave-running", "--pre-dump", "--tcp-skip-in-flight", "--link-remap"})
        add_ignored(app, flag, "for CRIU");
    for (const char* flag : {"--parent-path", "--status-fd", "--page-server"})
        app.add_option(flag)->description("for CRIU")->allow_extra_args(false);
    add_id(app, own.id);
}

void build_restore(CLI::App& app, Arguments& arguments) {
    auto& own = arguments.emplace<CriuArguments>();
    add_criu_flags(app);
    for (const char* flag : {"-d,--detach", "--no-pivot", "--no-subreaper", "--tcp-close"})
        add_ignored(app, flag, "for CRIU");
    for (const char* flag :
         {"-b,--bundle", "--console-socket", "--pid-file", "--lsm-profile", "--lsm-mount-context"})
        app.add_option(flag)->description("for CRIU")->allow_extra_args(false);
    add_id(app, own.id);
}

}  // namespace cleat::cli
