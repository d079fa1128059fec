// Room: base. The wire format of protocol buffers.
#include "cleat/base/protobuf.hpp"

namespace cleat::protobuf {
namespace {

constexpr unsigned kBitsOfByte = 7;
constexpr unsigned char kMore = 0x80;
constexpr unsigned kMaxShift = 63;
constexpr unsigned kFixed64 = 1;
constexpr unsigned kFixed32 = 5;

std::uint64_t little_endian(std::string_view bytes) noexcept {
    std::uint64_t value = 0;
    for (auto byte = bytes.rbegin(); byte != bytes.rend(); ++byte)
        value = value << 8U | static_cast<unsigned char>(*byte);
    return value;
}

}  // namespace

void Writer::varint(std::uint64_t value) {
    while (value >= kMore) {
        out_ += static_cast<char>(static_cast<unsigned char>(value) | kMore);
        value >>= kBitsOfByte;
    }
    out_ += static_cast<char>(value);
}

std::optional<std::uint64_t> Reader::varint() noexcept {
    std::uint64_t value = 0;
    for (unsigned shift = 0; shift <= kMaxShift && !left_.empty(); shift += kBitsOfByte) {
        const auto byte = static_cast<unsigned char>(left_.front());
        left_.remove_prefix(1);
        value |= std::uint64_t{byte & (kMore - 1U)} << shift;
        if ((byte & kMore) == 0) return value;
    }
    return std::nullopt;
}

std::optional<std::string_view> Reader::take(std::uint64_t size) noexcept {
    if (size > left_.size()) return std::nullopt;
    const auto taken = left_.substr(0, size);
    left_.remove_prefix(size);
    return taken;
}

bool Reader::read_value(unsigned type, Field& field) noexcept {
    if (type == Writer::kVarint) {
        const auto value = varint();
        field.value = value.value_or(0);
        return value.has_value();
    }
    std::optional<std::uint64_t> size;
    if (type == Writer::kBytes) size = varint();
    if (type == kFixed64) size = sizeof(std::uint64_t);
    if (type == kFixed32) size = sizeof(std::uint32_t);
    const auto bytes = size ? take(*size) : std::nullopt;
    if (!bytes) return false;
    if (type == Writer::kBytes)
        field.bytes = *bytes;
    else
        field.value = little_endian(*bytes);
    return true;
}

std::optional<Field> Reader::next() noexcept {
    if (left_.empty() || broken_) return std::nullopt;
    const auto key = varint();
    Field field{.number = key ? static_cast<std::uint32_t>(*key >> Writer::kTypeBits) : 0};
    broken_ = field.number == 0 ||
              !read_value(static_cast<unsigned>(*key) & ((1U << Writer::kTypeBits) - 1U), field);
    if (broken_) return std::nullopt;
    return field;
}

}  // namespace cleat::protobuf
