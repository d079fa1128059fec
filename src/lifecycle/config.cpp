// Room: lifecycle. Documents and the places in them that errors name. Runs in the host process.
#include "config.hpp"

#include <fcntl.h>

#include <utility>

#include "cleat/base/log.hpp"
#include "cleat/base/text.hpp"
#include "cleat/lifecycle/lifecycle.hpp"
#include "cleat/spec/document.hpp"
#include "cleat/sys/files.hpp"

namespace cleat::lifecycle {

void log_problems(const std::vector<spec::Problem>& problems,
                  const std::vector<std::string>& unknown) {
    for (const auto& problem : problems) warn(problem.message, problem.pointer);
    for (const auto& pointer : unknown)
        log({.level = LogLevel::Debug,
             .message = "unknown property is ignored",
             .pointer = pointer});
}

Result<Config> decode_config(std::string text, std::string document) {
    auto spec = TRY(accept(spec::decode_config(text), document));
    return Config{
        .spec = std::move(spec), .text = std::move(text), .document = std::move(document)};
}

namespace {

Result<std::string> read_config(const std::string& path) {
    // Not to wait for whoever might write to a fifo, and not to read what has no end.
    const sys::Fd file = TRY(sys::open_at(sys::kHere, path.c_str(), O_RDONLY | O_NONBLOCK));
    if (const auto status = TRY(sys::stat_fd(file.get())); !S_ISREG(status.st_mode))
        return fail(ErrorKind::InvalidConfig, concat(path, ": not a regular file"));
    auto text = sys::read_all(file.get());
    if (!text) return std::unexpected(with_context(std::move(text).error(), path));
    return text;
}

}  // namespace

Result<Config> load_config(const std::string& path) {
    return decode_config(TRY(read_config(path)), path.substr(path.rfind('/') + 1));
}

Result<std::string> annotation_of(const std::string& bundle,
                                  std::initializer_list<std::string_view> keys) {
    const auto text = TRY(read_config(bundle + "/config.json"));
    for (const auto key : keys)
        if (auto found = spec::glance(text, "annotations", key); found && !found->empty())
            return *std::move(found);
    return std::string();
}

Error located(Error error, std::string_view text, std::string_view document) {
    if (error.pointer.empty()) return error;
    std::string place(document);
    if (const auto position = spec::locate(text, error.pointer))
        place = concat(document, ":", position->line, ":", position->column);
    error.what = concat(describe(error), " (", place, " ", error.pointer, ")");
    error.errno_value = 0;  // its description is in the text now, before the place
    return error;
}

}  // namespace cleat::lifecycle
