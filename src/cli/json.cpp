// Room: cli. The few JSON texts that cli itself makes. Nothing here throws.
#include "json.hpp"

#include <algorithm>
#include <limits>
#include <nlohmann/json.hpp>
#include <utility>

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
    const bool schemata = !arguments.l3_cache_schema.empty() || !arguments.mem_bw_schema.empty();
    if (resources.empty() && schemata) return std::string();
    if (resources.empty())
        return fail(ErrorKind::InvalidArgument, "nothing to update: no limit is given");
    return dump(resources);
}

Result<std::chrono::milliseconds> parse_interval(std::string_view text) {
    constexpr std::pair<std::string_view, std::uint32_t> kUnits[] = {
        {"ms", 1}, {"s", 1000}, {"m", 60'000}, {"h", 3'600'000}};
    const auto bad = [&] {
        return fail(ErrorKind::InvalidArgument,
                    concat("interval ", quoted(text), " is not a time like 5s, 1m30s or 250ms"));
    };
    std::uint64_t total = 0;
    for (auto rest = text; !rest.empty();) {
        const auto digits = rest.find_first_not_of("0123456789");
        if (digits == 0 || digits == std::string_view::npos) return bad();
        const auto count = parse_number<std::uint32_t>(rest.substr(0, digits));
        rest.remove_prefix(digits);
        const auto letters = std::min(rest.find_first_of("0123456789"), rest.size());
        const auto unit = std::ranges::find(kUnits, rest.substr(0, letters),
                                            &std::pair<std::string_view, std::uint32_t>::first);
        if (!count || unit == std::end(kUnits)) return bad();
        total += std::uint64_t{*count} * unit->second;
        rest.remove_prefix(letters);
    }
    constexpr std::uint64_t kLongest = 24U * 3'600'000U;
    if (total == 0 || total > kLongest) return bad();
    return std::chrono::milliseconds(total);
}

Result<cgroup::PressureTrigger> parse_trigger(std::string_view text) {
    using namespace std::chrono_literals;
    constexpr std::size_t kMostParts = 3;
    const auto bad = [&](std::string_view what) {
        return fail(ErrorKind::InvalidArgument, concat("pressure ", quoted(text), what));
    };
    const auto parts = split(text, ':');
    // Whoever lacks CAP_SYS_RESOURCE is given windows of whole multiples of two seconds alone.
    cgroup::PressureTrigger trigger{
        .resource = std::string(parts[0]), .kind = "some", .stall = 150ms, .window = 2s};
    if (trigger.resource != "cpu" && trigger.resource != "memory" && trigger.resource != "io")
        return bad(" is not of cpu, memory or io");
    if (parts.size() > 1) trigger.kind = parts[1];
    if ((trigger.kind != "some" && trigger.kind != "full") || parts.size() > kMostParts)
        return bad(" is not RESOURCE:some or RESOURCE:full, and a time");
    if (parts.size() < kMostParts) return trigger;
    const auto times = split(parts[2], '/');
    if (times.size() != 2) return bad(" has no time like 150ms/2s");
    trigger.stall = TRY(parse_interval(times[0]));
    trigger.window = TRY(parse_interval(times[1]));
    return trigger;
}

}  // namespace cleat::cli
