// Room: conformance. The runtimes of a run, the directory in which it works, and its progress.
#include "workshop.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <map>

#include "call.hpp"
#include "cleat/base/text.hpp"
#include "cleat/sys/files.hpp"
#include "stage.hpp"

namespace cleat::conformance {
namespace {

constexpr mode_t kExecutable = 0755;

/// Whether it can be executed, and is no directory.
bool is_program(const std::string& path) {
    const auto status = sys::stat_at(sys::kHere, path.c_str());
    return status && S_ISREG(status->st_mode) && ::access(path.c_str(), X_OK) == 0;
}

/// The path of a runtime that is named: as it is, or one of PATH's.
Result<std::string> find_runtime(const std::string& name) {
    if (name.find('/') != std::string::npos) return sys::real_path(name);
    const char* const path = std::getenv("PATH");
    for (const auto directory : split(path == nullptr ? "/usr/bin:/usr/sbin:/bin" : path, ':')) {
        const std::string candidate = concat(directory, "/", name);
        if (is_program(candidate)) return sys::real_path(candidate);
    }
    return fail(ErrorKind::InvalidArgument, concat("no runtime ", quoted(name), " in PATH"));
}

}  // namespace

Result<Judged> look_at(const std::string& name) {
    Judged out;
    // Not what a link leads to: some programs go by the name that they are called by.
    out.path = TRY(find_runtime(name));
    out.name = out.path.substr(out.path.rfind('/') + 1);
    if (!is_program(out.path))
        return fail(ErrorKind::InvalidArgument, concat(out.path, " cannot be executed"));
    Children children;
    constexpr std::chrono::seconds kLimit{10};
    const auto version = call(children, {.words = {out.path, "--version"}, .limit = kLimit});
    if (version && version->status == 0)
        out.version = version->out.substr(0, version->out.find('\n'));
    return out;
}

void name_apart(std::vector<Judged>& runtimes) {
    std::map<std::string, int> seen;
    for (auto& runtime : runtimes)
        if (const int count = ++seen[runtime.name]; count > 1)
            runtime.name = concat(runtime.name, "-", count);
}

Result<Workshop> Workshop::make() {
    const char* const parent = std::getenv("TMPDIR");
    std::string path = concat(parent == nullptr ? "/tmp" : parent, "/cleat-conformance.XXXXXX");
    if (::mkdtemp(path.data()) == nullptr) return fail_errno(concat("make ", path), errno);
    Workshop out(std::move(path));
    // A container with its own users has to get in.
    if (::chmod(out.path_.c_str(), kExecutable) != 0) return fail_errno("chmod", errno);
    constexpr std::size_t kMost = std::size_t{256} << 20U;
    const auto program = TRY(sys::read_text_at(sys::kHere, "/proc/self/exe", kMost));
    TRY(sys::replace_file_at(sys::kHere, out.probe().c_str(), program, kExecutable));
    return out;
}

Workshop::~Workshop() {
    if (!path_.empty()) remove_tree(path_);
}

void show_progress(std::size_t done, std::size_t all, const std::string& what) {
    if (::isatty(STDERR_FILENO) != 1) return;
    const std::string line =
        done == all ? std::string("\r\033[K") : concat("\r\033[K", done, "/", all, " ", what);
    static_cast<void>(sys::write_all(STDERR_FILENO, line));
}

}  // namespace cleat::conformance
