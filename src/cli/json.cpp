// Room: cli. The few JSON texts that cli itself makes. Nothing here throws.
#include "json.hpp"

#include <limits>
#include <nlohmann/json.hpp>

#include "cleat/base/text.hpp"

namespace cleat::cli {
namespace {

using Json = nlohmann::ordered_json;

std::string dump(const Json& value) {
    return value.dump(-1, ' ', false, Json::error_handler_t::replace);
}

std::unexpected<Error> bad_value(std::string_view text, std::string_view what) {
    return fail(ErrorKind::InvalidArgument, concat(quoted(text), " is not ", what));
}

/// How far the unit's letter shifts: k is 10 bits; nullopt for what is no unit.
std::optional<unsigned> shift_of(std::string_view unit) {
    constexpr std::string_view kLetters = "bkmgtp";
    constexpr unsigned kStep = 10;
    if (unit.empty()) return 0;
    const char letter = static_cast<char>(unit[0] | 0x20);
    const auto index = kLetters.find(letter);
    if (index == std::string_view::npos) return std::nullopt;
    unit.remove_prefix(1);
    if (index > 0 && (unit.starts_with('i') || unit.starts_with('I'))) unit.remove_prefix(1);
    if (index > 0 && (unit.starts_with('b') || unit.starts_with('B'))) unit.remove_prefix(1);
    if (!unit.empty()) return std::nullopt;
    return static_cast<unsigned>(index) * kStep;
}

Result<Json> value_of(const Limit& limit, const std::string& text) {
    if (limit.form == Limit::Form::Text) return Json(text);
    if (limit.form == Limit::Form::Size) return Json(TRY(parse_size(text)));
    const auto number = parse_number<std::int64_t>(text);
    if (!number) return bad_value(text, "a number");
    return Json(*number);
}

}  // namespace

std::string log_line(const LogLine& line) {
    Json record = {{"level", line.level}, {"msg", line.message}, {"time", line.time}};
    if (!line.pointer.empty()) record["pointer"] = line.pointer;
    return dump(record) + '\n';
}

Result<std::int64_t> parse_size(std::string_view text) {
    const auto digits = text.find_first_not_of("-0123456789");
    const auto number = parse_number<std::int64_t>(text.substr(0, digits));
    const auto shift =
        shift_of(digits == std::string_view::npos ? std::string_view() : text.substr(digits));
    if (!number || !shift || *number < -1 || (*number == -1 && *shift != 0))
        return bad_value(text, "a size");
    if (*number > (std::numeric_limits<std::int64_t>::max() >> *shift))
        return bad_value(text, "a size below 8 EiB");
    return *number == -1 ? -1 : *number << *shift;
}

Result<std::string> resources_of(const UpdateArguments& arguments) {
    Json resources = Json::object();
    for (const auto& limit : arguments.limits) {
        if (!limit.value) continue;
        auto value = value_of(limit, *limit.value);
        if (!value) return std::unexpected(with_context(std::move(value).error(), limit.flag));
        resources[limit.group][limit.member] = *std::move(value);
    }
    if (resources.empty())
        return fail(ErrorKind::InvalidArgument, "nothing to update: no limit is given");
    return dump(resources);
}

}  // namespace cleat::cli
