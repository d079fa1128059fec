// Room: lifecycle. Documents and the places in them that errors name.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "cleat/base/error.hpp"
#include "cleat/spec/config.hpp"
#include "cleat/spec/decode.hpp"

namespace cleat::lifecycle {

/// A config.json with its text, for the places that errors name.
struct Config {
    spec::Spec spec;
    std::string text;
    std::string document;  ///< its name in messages, "config.json"
};

/// Reads and decodes a file; warnings go to the log, errors come back as one.
[[nodiscard]] Result<Config> load_config(const std::string& path);
/// The same for a text that was read already.
[[nodiscard]] Result<Config> decode_config(std::string text, std::string document);

/// The value of a decoded document, or all its errors as one; warnings go to the log.
template <class T>
[[nodiscard]] Result<T> accept(spec::Decoded<T> decoded, std::string_view document);
void log_problems(const std::vector<spec::Problem>& problems,
                  const std::vector<std::string>& unknown);

/// `error` with the place that its pointer names at the end of its text, once:
/// "mount /x: no such device [ENODEV] (config.json:57:9 /mounts/7)".
[[nodiscard]] Error located(Error error, std::string_view text, std::string_view document);

template <class T>
Result<T> located(Result<T> result, const Config& config) {
    if (result) return result;
    return std::unexpected(located(std::move(result).error(), config.text, config.document));
}

template <class T>
Result<T> accept(spec::Decoded<T> decoded, std::string_view document) {
    if (!decoded.value) return std::unexpected(spec::to_error(decoded.problems, document));
    log_problems(decoded.problems, decoded.unknown);
    return *std::move(decoded.value);
}

}  // namespace cleat::lifecycle
