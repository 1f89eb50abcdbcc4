// Build tool: make_font FONT.ttf OUT.cpp writes the glyphs that vision/font/font.h declares.
#include <ft2build.h>
#include FT_FREETYPE_H

#include <cstdio>
#include <string>
#include <vector>

namespace {

constexpr int kSizes[] = {13, 18, 26};

struct Sheet {
  std::string glyphs;
  std::vector<unsigned char> coverage;
};

Sheet rasterize(FT_Face face, int pixels) {
  Sheet sheet;
  FT_Set_Pixel_Sizes(face, 0, static_cast<FT_UInt>(pixels));
  for (FT_ULong c = 32; c < 127; ++c) {
    if (FT_Load_Char(face, c, FT_LOAD_RENDER) != 0) continue;
    const FT_GlyphSlot g = face->glyph;
    const FT_Bitmap& b = g->bitmap;
    sheet.glyphs += "{" + std::to_string(b.width) + "," + std::to_string(b.rows) + "," +
                    std::to_string(g->bitmap_left) + "," + std::to_string(g->bitmap_top) + "," +
                    std::to_string(g->advance.x >> 6) + "," +
                    std::to_string(sheet.coverage.size()) + "},\n";
    for (unsigned y = 0; y < b.rows; ++y) {
      const unsigned char* row = b.buffer + static_cast<std::ptrdiff_t>(y) * b.pitch;
      sheet.coverage.insert(sheet.coverage.end(), row, row + b.width);
    }
  }
  return sheet;
}

}  // namespace

int main(int argc, char** argv) {
  FT_Library library = nullptr;
  FT_Face face = nullptr;
  if (argc != 3 || FT_Init_FreeType(&library) != 0 ||
      FT_New_Face(library, argv[1], 0, &face) != 0) {
    std::fprintf(stderr,
                 "usage: make_font FONT.ttf OUT.cpp; on Debian the font is in fonts-dejavu-core\n");
    return 1;
  }
  FILE* out = std::fopen(argv[2], "w");
  if (out == nullptr) return 1;
  std::fprintf(out, "#include \"vision/font/font.h\"\nnamespace octet {\nnamespace {\n");
  std::string table;
  for (const int size : kSizes) {
    const Sheet sheet = rasterize(face, size);
    std::fprintf(out, "constexpr Glyph kGlyphs%d[] = {\n%s};\nconstexpr uint8_t kCoverage%d[] = {",
                 size, sheet.glyphs.c_str(), size);
    for (size_t i = 0; i < sheet.coverage.size(); ++i)
      std::fprintf(out, "%s%d,", i % 32 == 0 ? "\n" : "", sheet.coverage[i]);
    std::fprintf(out, "};\n");
    const FT_Size_Metrics& m = face->size->metrics;
    table += "{" + std::to_string(m.height >> 6) + "," + std::to_string(m.ascender >> 6) +
             ",kGlyphs" + std::to_string(size) + ",kCoverage" + std::to_string(size) + "},\n";
  }
  std::fprintf(out, "constexpr Font kFonts[] = {\n%s};\n}  // namespace\n", table.c_str());
  std::fprintf(out, "std::span<const Font> fonts() { return kFonts; }\n}  // namespace octet\n");
  FT_Done_FreeType(library);
  return std::fclose(out) == 0 ? 0 : 1;
}
