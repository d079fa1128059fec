// Room: lifecycle. What checkpoint and restore share. Runs in the host process.
#include "criu_session.hpp"

#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <string_view>
#include <utility>

#include "cleat/base/text.hpp"
#include "cleat/sys/files.hpp"
#include "cleat/sys/process.hpp"

namespace cleat::lifecycle {
namespace {

enum class IfMissing { Fail, Make };

Result<sys::Fd> open_directory(const std::string& path, IfMissing if_missing) {
    constexpr mode_t kOwnerOnly = 0700;
    if (if_missing == IfMissing::Make) TRY(sys::make_directories(path, kOwnerOnly));
    return sys::open_at(sys::kHere, path.c_str(), O_RDONLY | O_DIRECTORY);
}

/// Lines that say only that something failed, or which other program did.
bool is_verdict(std::string_view line) {
    return line.ends_with("FAILED.") || line.find("exited, status=") != std::string_view::npos ||
           line.ends_with("failed with -1") || line.find("execvp(") != std::string_view::npos;
}

/// The last error in CRIU's log, which is the reason more often than the first.
std::string logged_error(const CriuDirectories& directories) {
    constexpr off_t kTail = 65536;
    const auto file = sys::open_at(directories.logs(), directories.log_file.c_str(), O_RDONLY);
    if (!file) return {};
    const off_t end = ::lseek(file->get(), 0, SEEK_END);
    ::lseek(file->get(), end > kTail ? end - kTail : 0, SEEK_SET);
    const auto text = sys::read_all(file->get());
    if (!text) return {};
    std::string_view found;
    for (const auto line : split(*text, '\n'))
        if (line.find("Error") != std::string_view::npos && !is_verdict(line)) found = line;
    return found.empty() ? std::string() : std::string(found.substr(found.find("Error")));
}

/// All that a handler may know: the worker's pidfd, and the signal that came.
volatile std::sig_atomic_t g_worker = -1;
volatile std::sig_atomic_t g_signal = 0;

void end_worker(int number) {
    const int before = errno;
    g_signal = number;
    ::syscall(SYS_pidfd_send_signal, g_worker, SIGKILL, nullptr, 0);
    errno = before;
}

/// CRIU may take as long as memory is large, so nothing limits it but its caller: while it works, a
/// signal that would end this process ends CRIU, and its end is what is waited for. A second one
/// has its own effect again; what is ignored stays so.
class Interruption {
 public:
    Interruption() = default;
    Interruption(const Interruption&) = delete;
    Interruption& operator=(const Interruption&) = delete;
    ~Interruption() {
        if (!worker_) return;
        for (std::size_t i = 0; i < kEnding.size(); ++i)
            ::sigaction(kEnding[i], &before_[i], nullptr);
        g_worker = -1;
    }

    Result<void> watch(pid_t worker) {
        worker_ = TRY(sys::open_pidfd(worker));
        g_signal = 0;
        g_worker = worker_.get();
        struct ::sigaction action{};
        action.sa_handler = end_worker;
        action.sa_flags = static_cast<int>(SA_RESETHAND | SA_RESTART);
        for (std::size_t i = 0; i < kEnding.size(); ++i) {
            ::sigaction(kEnding[i], nullptr, &before_[i]);
            if (before_[i].sa_handler == SIG_DFL) ::sigaction(kEnding[i], &action, nullptr);
        }
        return {};
    }

    /// In place of what CRIU's end looks like.
    [[nodiscard]] static Error explain(Error error) {
        if (g_signal == 0) return error;
        return {.kind = ErrorKind::System,
                .what = concat("SIG", ::sigabbrev_np(g_signal), " came, and criu was ended")};
    }

 private:
    static constexpr std::array kEnding{SIGTERM, SIGINT, SIGHUP};
    sys::Fd worker_;
    std::array<struct ::sigaction, kEnding.size()> before_{};
};

/// What CRIU sends along may be several lines, of which the log has more.
std::unexpected<Error> criu_failed(const CriuResponse& response,
                                   const CriuDirectories& directories) {
    std::string reason = logged_error(directories);
    if (reason.empty()) reason = response.message.substr(0, response.message.find('\n'));
    return std::unexpected(Error{.kind = ErrorKind::System,
                                 .errno_value = response.errno_value,
                                 .what = concat("criu failed (see ", directories.log_file, ")",
                                                reason.empty() ? "" : ": ", reason)});
}

}  // namespace

void CriuDirectories::tell(CriuOpts& opts) const {
    constexpr std::uint64_t kImages = launch::CriuWork::kFirstDescriptor;
    opts.number(CriuField::ImagesDirFd, kImages);
    if (work) opts.number(CriuField::WorkDirFd, kImages + 1);
    opts.text(CriuField::LogFile, log_file);
}

Result<CriuDirectories> open_criu_directories(const CriuOptions& options, Images use) {
    CriuDirectories directories;
    const bool written = use == Images::Written;
    directories.images =
        TRY(open_directory(options.image_path, written ? IfMissing::Make : IfMissing::Fail));
    directories.paths.push_back(TRY(sys::real_path(options.image_path)));
    if (!options.work_path.empty()) {
        directories.work = TRY(open_directory(options.work_path, IfMissing::Make));
        directories.paths.push_back(TRY(sys::real_path(options.work_path)));
    }
    directories.log_file = written ? "dump.log" : "restore.log";
    return directories;
}

std::string criu_config(const std::map<std::string, std::string>& annotations) {
    constexpr const char* kOwn = "/etc/criu/cleat.conf";
    constexpr const char* kOfRunc = "/etc/criu/runc.conf";
    const auto chosen = annotations.find("org.criu.config");
    if (chosen != annotations.end()) return chosen->second;
    return sys::exists_at(sys::kHere, kOwn) ? kOwn : kOfRunc;
}

Result<CriuResponse> talk_to_criu(launch::CriuWork work, const CriuDirectories& directories,
                                  const CriuNotification& notification) {
    CriuResponse last;
    work.answer = [&](std::string_view message,
                      std::vector<sys::Fd> fds) -> Result<launch::CriuWork::Answer> {
        last = TRY(read_criu_response(message));
        if (!last.success) return criu_failed(last, directories);
        if (last.type != static_cast<std::uint64_t>(CriuRequest::Notify)) return std::nullopt;
        TRY(notification(last, std::move(fds)));
        return criu_go_on();
    };
    work.directories = directories.paths;
    Interruption interruption;
    work.first = [&, request = std::move(work.first)](pid_t worker) -> Result<std::string> {
        TRY(interruption.watch(worker));
        return request(worker);
    };
    auto done = launch::have_criu_do(work);
    if (!done) return std::unexpected(Interruption::explain(std::move(done).error()));
    return last;
}

}  // namespace cleat::lifecycle
