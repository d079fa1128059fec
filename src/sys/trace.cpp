// Room: sys. The trace of a command. Runs in every process that walks a plan.
#include "cleat/sys/trace.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <ctime>

#include "cleat/base/text.hpp"
#include "cleat/sys/files.hpp"

namespace cleat::sys {
namespace {

constexpr std::int64_t kPerSecond = 1'000'000'000;
constexpr std::int64_t kPerMicrosecond = 1'000;

std::int64_t now() noexcept {
    struct ::timespec time{};
    ::clock_gettime(CLOCK_MONOTONIC, &time);
    return std::int64_t{time.tv_sec} * kPerSecond + time.tv_nsec;
}

}  // namespace

Result<Trace> Trace::open(const std::string& path) {
    constexpr mode_t kMode = 0600;
    Fd file = TRY(open_at(kHere, path.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_NOCTTY, kMode));
    Trace trace;
    trace.fd_ = file.release();
    trace.zero_ = now();
    return trace;
}

Span::Span(const Trace& trace, std::string_view process, std::string_view what,
           std::string_view origin) noexcept
    : trace_(trace), process_(process), what_(what), origin_(origin) {
    if (trace_.on()) began_ = now();
}

Span::~Span() {
    if (!trace_.on()) return;
    const auto ended = now();
    const std::string line = concat("{\"process\":", quoted(process_), ",\"what\":", quoted(what_),
                                    ",\"origin\":", quoted(origin_),
                                    ",\"at_us\":", (began_ - trace_.zero_) / kPerMicrosecond,
                                    ",\"took_us\":", (ended - began_) / kPerMicrosecond, "}\n");
    static_cast<void>(::write(trace_.fd_, line.data(), line.size()) < 0);
}

}  // namespace cleat::sys
