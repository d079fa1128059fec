// Room: conformance. All cases on all runtimes: who is asked, and what is reported.
#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <map>

#include "cleat/base/text.hpp"
#include "cleat/conformance/conformance.hpp"
#include "cleat/sys/files.hpp"
#include "facts.hpp"
#include "report.hpp"
#include "schedule.hpp"
#include "stage.hpp"

namespace cleat::conformance {
namespace {

constexpr mode_t kExecutable = 0755;
constexpr mode_t kReport = 0644;

bool chosen(const Options& options, const Subject& subject, const Case& test) {
    if (options.suite != "all" && options.suite != subject.suite) return false;
    return options.filter.empty() ||
           std::string_view(test.id).find(options.filter) != std::string_view::npos ||
           std::string_view(test.clause).find(options.filter) != std::string_view::npos;
}

Result<std::vector<Row>> rows_of(const Options& options) {
    for (const auto& known : options.known)
        if (find_case(known) == nullptr)
            return fail(ErrorKind::InvalidArgument, concat("no case is named ", quoted(known)));
    std::vector<Row> rows;
    for (const auto& subject : subjects())
        for (const auto& test : subject.cases)
            if (chosen(options, subject, test))
                rows.push_back(
                    {.subject = &subject,
                     .test = &test,
                     .known = std::ranges::find(options.known, test.id) != options.known.end(),
                     .verdicts = {}});
    if (rows.empty()) return fail(ErrorKind::InvalidArgument, "no case is chosen (see --list)");
    return rows;
}

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

/// Two runtimes of one file name are told apart by a number.
void name_apart(std::vector<Judged>& runtimes) {
    std::map<std::string, int> seen;
    for (auto& runtime : runtimes)
        if (const int count = ++seen[runtime.name]; count > 1)
            runtime.name = concat(runtime.name, "-", count);
}

/// A directory of our own with a copy of this program in it: the runtime gets no hold of ours.
class Workshop {
 public:
    static Result<Workshop> make() {
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
    Workshop(Workshop&& other) noexcept : path_(std::exchange(other.path_, {})) {}
    Workshop(const Workshop&) = delete;
    Workshop& operator=(const Workshop&) = delete;
    Workshop& operator=(Workshop&&) = delete;
    ~Workshop() {
        if (!path_.empty()) remove_tree(path_);
    }
    [[nodiscard]] std::string probe() const { return path_ + "/probe"; }
    [[nodiscard]] const std::string& path() const { return path_; }

 private:
    explicit Workshop(std::string path) : path_(std::move(path)) {}
    std::string path_;
};

Result<void> print(const Options& options, const std::string& report) {
    if (options.file.empty()) return sys::write_all(STDOUT_FILENO, report);
    return sys::replace_file_at(sys::kHere, options.file.c_str(), report, kReport);
}

std::string report_of(const Options& options, const std::vector<Judged>& runtimes,
                      const std::vector<Row>& rows) {
    if (options.format == Format::JUnit) return junit(runtimes, rows);
    if (options.format == Format::Html) return html(runtimes, rows);
    return tap(runtimes, rows);
}

/// Says on a terminal how far it is.
void show_progress(std::size_t done, std::size_t all, const std::string& what) {
    if (::isatty(STDERR_FILENO) != 1) return;
    const std::string line =
        done == all ? std::string("\r\033[K") : concat("\r\033[K", done, "/", all, " ", what);
    static_cast<void>(sys::write_all(STDERR_FILENO, line));
}

}  // namespace

Result<bool> judge(const Options& options) {
    auto rows = TRY(rows_of(options));
    if (options.runtimes.empty())
        return fail(ErrorKind::InvalidArgument, "no runtime is named (--runtime PATH)");
    std::vector<Judged> runtimes;
    for (const auto& name : options.runtimes) runtimes.push_back(TRY(look_at(name)));
    name_apart(runtimes);
    // Better told now than in the end.
    if (!options.file.empty()) TRY(print(options, ""));
    ::prctl(PR_SET_CHILD_SUBREAPER, 1);
    const auto workshop = TRY(Workshop::make());
    Circumstances known{.host = facts({}), .cgroups = Cgroups::look(), .features = {}, .spec = {}};
    Schedule schedule({.directory = workshop.path(),
                       .probe = workshop.probe(),
                       .parallel = options.parallel,
                       .limit = options.limit,
                       .progress = show_progress},
                      rows);
    for (const auto& runtime : runtimes) {
        known.features = Value{};
        known.spec.clear();
        ask(runtime.path, known);
        TRY(schedule.run(runtime, known));
    }
    TRY(print(options, report_of(options, runtimes, rows)));
    return std::ranges::none_of(rows, [](const Row& row) {
        return std::ranges::any_of(row.verdicts,
                                   [&](const Verdict& one) { return breaks(row, one); });
    });
}

Result<std::string> list_cases(const Options& options) {
    std::string out;
    for (const auto& row : TRY(rows_of(options)))
        out += concat(row.test->id, "\t", name_of(row.test->level), "\t", row.test->clause, "\t",
                      row.test->title, "\n");
    return out;
}

}  // namespace cleat::conformance
